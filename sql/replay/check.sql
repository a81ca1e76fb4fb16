-- name: session_in_table
select s.id, s.status::text, s.start_at, s.started_at, s.paused_at, s.resumed_at, s.closed_at, l.stopped is not null as seating_stopped
from session s join lobby l on l.session_id = s.id where s.id = %(session_id)s

-- name: players_in_table
-- Who has come and is not logged yet is still invited, as far as the log can know: the next seating tells of them.
-- Solo steps tell of theirs themselves.
select id, label, type, case when arrival_logged then status::text else coalesce(alone, 'invited') end as status, room_id, slot, replaced,
    case when arrival_logged or alone is not null then signed_in_at end as signed_in_at,
    case when arrival_logged then queued_from end as queued_from, waited_until,
    case when arrival_logged then waiting_since end as waiting_since, seated_at, finished_at, outcome, code, nudged_at, followed_by,
    case when arrival_logged or alone is not null then treatment else '{}' end as treatment, standby_until,
    queued_at, case when status = 'waiting' then (select g.deadline from asked a join gathering g on g.id = a.gathering_id
        where a.player_id = player.id) end as asked_until,
    case when status = 'waiting' then (select a.ready_at from asked a where a.player_id = player.id) end as ready_at,
    (select sum(amount) from earning e where e.player_id = player.id) as earned
from player left join lateral (select during::text as alone from room where room.player_id = player.id order by id desc limit 1) r on true
where session_id = %(session_id)s order by id

-- name: rooms_in_table
select id, kind, number, reason, status::text, position, step, round, deadline, opened_at, outcome, ended_at, opening, asked,
    coalesce(last_step, step) as last_step, coalesce(last_round, round) as last_round, treatment,
    stopped is not null as stopped, during::text, player_id, began,
    array(
        select distinct a.player_id from record a
        where a.room_id = room.id and a.round = coalesce(room.last_round, room.round)
            and a.step = coalesce(room.last_step, room.step) and not a.late
    ) as answered,
    array(select slot from slot s where s.room_id = room.id and s.bot) as bots,
    (select coalesce(jsonb_object_agg(s.slot, s.type), '{}') from slot s where s.room_id = room.id and s.bot
        and not exists (select from player p where p.room_id = s.room_id and p.slot = s.slot)) as filled
from room where session_id = %(session_id)s order by id

-- name: records_in_table
select id, player_id, room_id, step, round, field, value, late, erased from record where session_id = %(session_id)s order by id

-- name: messages_in_table
select id, player_id, room_id, slot, to_slot, channel, case when not erased then encode(sha256(convert_to(body, 'UTF8')), 'hex') end as sha256
from message where session_id = %(session_id)s order by id

-- name: networks_in_table
select n.room_id, n.position, coalesce(
    (select jsonb_agg(jsonb_build_array(t.from_slot, t.to_slot, t.weight) order by t.from_slot, t.to_slot)
    from tie t where t.room_id = n.room_id and t.position = n.position), '[]') as ties
from network n where n.session_id = %(session_id)s and n.position > 0 order by n.room_id, n.position

-- name: results_in_table
select room_id, position, step, round, slot, name, value, made_by from result
where session_id = %(session_id)s order by room_id, position, slot, name

-- name: moves_in_table
select m.record_id, m.room_id, m.player_id, m.position, m.slot, m.nth, m.accepted, m.sentence, m.state, m.results, m.ends, m.clock
from move m where m.session_id = %(session_id)s and m.nth is not null order by m.record_id

-- name: notes_in_table
select id, player_id from note where session_id = %(session_id)s order by id
