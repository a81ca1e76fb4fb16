-- name: logs_of
select id, room_id, last_seq, records, messages from log where session_id = %(session_id)s order by id

-- name: invited_to
-- As they were before anything happened: only who waits is ever of another type.
select p.id, p.label, coalesce(e.data->>'type', p.type) as type
from player p
left join log l on l.session_id = p.session_id and l.room_id is null
left join event e on e.log_id = l.id and e.player_id = p.id and e.name = 'player_signed_in'
where p.session_id = %(session_id)s order by p.id

-- name: entries_of
select id, entry from player where session_id = %(session_id)s and signed_in_at is not null

-- name: span
-- From the first sign of life to the last event; for a session of which there is none, when it opened.
select coalesce(least(min(e.at), (select min(signed_in_at) from player where session_id = %(session_id)s)), s.opened_at)
    as first, coalesce(max(e.at), s.opened_at) as last
from session s
left join log l on l.session_id = s.id
left join event e on e.log_id = l.id
where s.id = %(session_id)s group by s.id

-- name: events_of
-- All logs as one. Within a log the order is its own: after a failover another machine's clock may be behind.
select e.log_id, e.seq, e.name, e.player_id, e.data, e.at from (
    select e.*, max(e.at) over (partition by e.log_id order by e.seq) as moment
    from log l join event e on e.log_id = l.id where l.session_id = %(session_id)s
) e
order by e.moment, e.log_id, e.seq

-- name: events_that_tell
-- Of those up to a moment, all whose traces are left then: not what was said at steps that are over, and which only
-- led to the one that is open. Who comes is logged by the seating that follows, all in one go: they count from when
-- they came. Materialized: else each event would look for the last one of its log again.
with reached as materialized (
    select l.id as log_id, l.room_id, (
        select e.seq from event e where e.log_id = l.id and e.at <= %(at)s order by e.seq desc limit 1
    ) as seq from log l where l.session_id = %(session_id)s
), opened as materialized (
    select r.*, coalesce((
        select e.seq from event e where e.log_id = r.log_id and e.seq <= r.seq and e.name in ('room_opened', 'step_opened')
        order by e.seq desc limit 1
    ), 0) as step_seq from reached r
)
select e.log_id, e.seq, e.name, e.player_id, e.data, e.at from (
    select e.*, max(e.at) over (partition by e.log_id order by e.seq) as moment
    from opened o join event e on e.log_id = o.log_id
    where e.seq <= o.seq and (o.room_id is null or e.seq >= o.step_seq
            or e.name not in ('step_opened', 'deadline_moved', 'network_rewired', 'results_stored', 'player_answered', 'message_sent'))
        or o.room_id is null and e.name = 'player_signed_in' and (e.data->>'signed_in_at')::timestamptz <= %(at)s
) e
order by e.moment, e.log_id, e.seq

-- name: counted_until
select l.id, coalesce(sum(jsonb_array_length(e.data->'records')), 0)::bigint as records,
    count(*) filter (where e.name = 'message_sent') as messages
from log l left join event e on e.log_id = l.id and e.at <= %(at)s and e.name in ('player_answered', 'message_sent')
where l.session_id = %(session_id)s group by l.id

-- name: session_in_table
select s.id, s.status::text, s.started_at, s.paused_at, s.resumed_at, s.closed_at, l.stopped is not null as seating_stopped
from session s join lobby l on l.session_id = s.id where s.id = %(session_id)s

-- name: players_in_table
-- Who has come and is not logged yet is still invited, as far as the log can know: the next seating tells of them.
select id, label, type, case when arrival_logged then status::text else 'invited' end as status, room_id, slot, replaced,
    case when arrival_logged then signed_in_at end as signed_in_at,
    case when arrival_logged then waiting_since end as waiting_since, seated_at, finished_at, outcome, code, nudged_at, followed_by, treatment, standby_until,
    (select sum(amount) from earning e where e.player_id = player.id) as earned
from player where session_id = %(session_id)s order by id

-- name: rooms_in_table
select id, kind, number, reason, status::text, position, step, round, deadline, opened_at, outcome, ended_at, opening, asked,
    coalesce(last_step, step) as last_step, coalesce(last_round, round) as last_round, treatment,
    stopped is not null as stopped,
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
select id, player_id, room_id, step, round, field, value, late from record where session_id = %(session_id)s order by id

-- name: messages_in_table
select id, player_id, room_id, slot, to_slot, encode(sha256(convert_to(body, 'UTF8')), 'hex') as sha256 from message where session_id = %(session_id)s order by id

-- name: networks_in_table
select n.room_id, n.position, coalesce(
    (select jsonb_agg(jsonb_build_array(t.from_slot, t.to_slot, t.weight) order by t.from_slot, t.to_slot)
    from tie t where t.room_id = n.room_id and t.position = n.position), '[]') as ties
from network n where n.session_id = %(session_id)s and n.position > 0 order by n.room_id, n.position

-- name: results_in_table
select room_id, position, step, round, slot, name, value, made_by from result
where session_id = %(session_id)s order by room_id, position, slot, name

-- name: notes_in_table
select id, player_id from note where session_id = %(session_id)s order by id

-- name: slots_of
select slot, alias, type from slot where room_id = %(room_id)s order by slot

-- name: said_until
-- Every version of every answer that the room's log acknowledges by then; a player's in order.
select a.id, a.player_id, p.slot, a.step, a.round, a.field, a.value, a.version, a.late
from log l join event e on e.log_id = l.id and e.name = 'player_answered' and e.at <= %(at)s
cross join lateral jsonb_array_elements_text(e.data->'records') as one(id)
join record a on a.id = one.id::bigint
join player p on p.id = a.player_id
where l.room_id = %(room_id)s order by a.id

-- name: results_until
-- As the room's log tells them.
select (one->>0)::integer as slot, e.data->>'step' as step, (e.data->>'round')::integer as round, one->>1 as name,
    one->>2 as value
from log l join event e on e.log_id = l.id and e.name = 'results_stored' and e.at <= %(at)s
cross join lateral jsonb_array_elements(e.data->'results') as one
where l.room_id = %(room_id)s order by e.seq

-- name: happened_until
select e.at, e.name, e.player_id, e.data from log l join event e on e.log_id = l.id
where l.room_id = %(room_id)s and e.at <= %(at)s order by e.seq desc

-- name: talk_until
select m.id, m.slot, m.to_slot, s.alias, m.body, m.at
from message m join slot s on s.room_id = m.room_id and s.slot = m.slot
where m.room_id = %(room_id)s and m.at <= %(at)s order by m.id desc limit 300

-- name: notes_until
select id, player_id, account, body, situation, at from note
where id = any(%(ids)s) and (player_id = %(player_id)s or player_id is null) order by id

-- name: connected_then
select player_id, bool_or(since <= %(at)s and (until is null or until > %(at)s)) as is_connected from presence
where session_id = %(session_id)s group by player_id

-- name: events_around
-- Of one room all; of the session what its log says, and what moves its rooms on.
with near as (
    select e.at, e.name, e.player_id, e.data, r.name as room, e.at <= %(at)s as is_over, e.log_id, e.seq
    from log l join event e on e.log_id = l.id left join room r on r.id = l.room_id
    where l.session_id = %(session_id)s and (
        l.room_id = %(room_id)s::bigint or %(room_id)s::bigint is null and (
            l.room_id is null and e.name not in ('player_placed', 'room_ended')
            or l.room_id is not null and e.name in ('player_left', 'player_replaced', 'room_ended', 'room_stopped', 'room_retried')
        )
    )
), listed as (
    (select * from near where is_over order by at desc, log_id desc, seq desc limit %(before)s)
    union all (select * from near where not is_over order by at, log_id, seq limit %(after)s)
)
select l.at, l.name, l.player_id, l.data || jsonb_build_object('body', m.body, 'to', coalesce(l.data->'to', 'null')) as data, l.room, l.is_over
from listed l left join message m on l.name = 'message_sent' and m.id = (l.data->>'message')::bigint
order by l.at desc, l.log_id desc, l.seq desc

-- name: marks
select e.at, e.name from log l join event e on e.log_id = l.id
where l.session_id = %(session_id)s and l.room_id is null and e.name like 'session\_%%'
order by e.seq

-- name: answers_over
select least(width_bucket(extract(epoch from e.at), extract(epoch from %(first)s::timestamptz),
    extract(epoch from %(last)s::timestamptz) + 0.001, %(bars)s), %(bars)s) - 1 as bar, count(*) as answers
from log l join event e on e.log_id = l.id and e.name = 'player_answered'
where l.session_id = %(session_id)s group by bar order by bar

-- name: counted_in
select id, quotas from player where session_id = %(session_id)s and quotas <> '{}'
