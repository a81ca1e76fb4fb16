-- name: players
select p.id, p.label, p.type, p.status::text, r.name as room, p.slot, p.signed_in_at, p.queued_from, p.seated_at,
    p.waited_until, p.finished_at, p.code, p.entry, p.given, p.outcome, p.treatment, p.entry_page, e.earlier_id,
    p.language, p.erased_at is not null as erased
from player p left join room r on r.id = p.room_id and r.session_id = %(session_id)s left join earlier e on e.player_id = p.id
where p.session_id = %(session_id)s order by p.id

-- name: given_names
select distinct name from player p cross join lateral jsonb_object_keys(p.given) as g(name)
where p.session_id = %(session_id)s order by name

-- name: rooms
select r.name, r.kind, r.status::text, r.reason, r.opened_at, r.ended_at, r.outcome, r.step, r.round, r.seed,
    seats.seats, r.treatment
from room r left join (
    select s.room_id, jsonb_agg(jsonb_build_object('slot', s.slot, 'type', s.type, 'alias', s.alias)
        || case when p.id is null and s.bot then jsonb_build_object('bot', true) || treated(s.treatment) else '{}' end
        order by s.slot)::text as seats
    from slot s left join player p on p.room_id = s.room_id and p.session_id = %(session_id)s and p.slot = s.slot and not p.replaced
    where s.session_id = %(session_id)s group by s.room_id
) seats on seats.room_id = r.id
where r.session_id = %(session_id)s and r.during = 'playing' order by r.id

-- name: ties
select r.name as room, n.round, t.from_slot as "from", t.to_slot as "to", t.weight, n.step, t.position, t.session_id as session
from tie t left join room r on r.id = t.room_id and r.session_id = %(session_id)s
left join network n on n.room_id = t.room_id and n.session_id = %(session_id)s and n.position = t.position
where t.session_id = %(session_id)s order by t.room_id, t.position, t.from_slot, t.to_slot

-- name: networks
select r.name as room, n.position, n.step, n.round, ties.ties, n.made_by, iso(n.at) as at, n.session_id as session
from network n left join room r on r.id = n.room_id and r.session_id = %(session_id)s
left join lateral (select count(*) as ties from tie t where t.room_id = n.room_id and t.position = n.position) ties on true
where n.session_id = %(session_id)s order by n.room_id, n.position

-- name: records
-- The value that counts.
select r.id as record, r.player_id as player, case when room.during = 'playing' then room.name end as room, r.step, r.round, r.field,
    escaped(r.value) as value, r.version, case when r.late then 'true' else 'false' end as late, iso(r.at) as at,
    case when r.erased then 'true' else 'false' end as erased, r.session_id as session
from record r left join room on room.id = r.room_id and room.session_id = %(session_id)s
where r.session_id = %(session_id)s and not exists (select from outdated_records(%(session_id)s) o where o.id = r.id)
order by r.id

-- name: history
select r.id as record, r.player_id as player, case when room.during = 'playing' then room.name end as room, r.step, r.round, r.field,
    escaped(r.value) as value, r.version, case when r.late then 'true' else 'false' end as late, iso(r.at) as at,
    case when r.erased then 'true' else 'false' end as erased, iso(c.tried_at) as said_tried_at,
    r.session_id as session
from record r left join room on room.id = r.room_id and room.session_id = %(session_id)s left join late_claim c on r.late and c.form = r.form
where r.session_id = %(session_id)s order by r.id

-- name: records_wide
-- What each player said, as one object: "step.round.field" → the value that counts.
select p.id, p.label, p.type, room.name as room, coalesce(said.said, '{}') as said
from player p left join room on room.id = p.room_id and room.session_id = %(session_id)s left join (
    select player_id, json_object_agg(step || '.' || round || '.' || field, value) as said
    from record r where session_id = %(session_id)s
        and not exists (select from outdated_records(%(session_id)s) o where o.id = r.id)
    group by player_id
) said on said.player_id = p.id
where p.session_id = %(session_id)s order by p.id

-- name: results
select case when room.during = 'playing' then room.name end as room, r.position, r.step, r.round,
    case when room.during = 'playing' then r.slot end as slot, coalesce(room.player_id, p.id) as player, r.name,
    escaped(r.value) as value, r.made_by, iso(r.at) as at, case when r.erased then 'true' else 'false' end as erased,
    r.session_id as session
from result r join room on room.id = r.room_id and room.session_id = %(session_id)s
left join player p on p.room_id = r.room_id and p.session_id = %(session_id)s and p.slot = r.slot and not p.replaced
where r.session_id = %(session_id)s order by r.room_id, r.position, r.slot, r.name

-- name: moves
-- Those that came in time, with what was said, as one object.
select m.record_id, m.player_id, room.name as room, m.slot, coalesce(m.step, r.step) as step, coalesce(m.round, r.round) as round,
    coalesce(m.name, r.field) as move, m.nth,
    case when m.accepted then 'true' when not m.accepted then 'false' end as accepted, m.sentence, coalesce(m.at, r.at) as at,
    round(m.since::numeric, 3)::text as seconds, m.clock, case when m.turn is null then 'player' when m.slot = 0 then 'mediator' else 'bot' end as made_by,
    nullif(coalesce(m.value, r.value), '')::jsonb as said
from move m left join record r on r.id = m.record_id and r.session_id = %(session_id)s left join room on room.id = m.room_id and room.session_id = %(session_id)s
where m.session_id = %(session_id)s order by m.record_id

-- name: attempts
select a.player_id as player, a.nth as attempt, f.field, escaped(a.answers->>f.field) as value,
    case when f.field = any(a.wrong) then 'false' else 'true' end as "right", iso(a.at) as at,
    case when a.erased then 'true' else 'false' end as erased, a.session_id as session
from door_attempt a cross join lateral jsonb_object_keys(a.answers) as f(field)
where a.session_id = %(session_id)s order by a.id, f.field

-- name: messages
select m.id as message, m.player_id as player, room.name as room, m.to_slot as "to",
    escaped(m.body) as body, iso(m.at) as at, m.slot, m.step, m.round,
    case when m.erased then 'true' else 'false' end as erased, m.channel,
    case when m.turn is null then 'player' when m.slot = 0 then 'mediator' else 'bot' end as made_by, m.session_id as session
from message m left join room on room.id = m.room_id and room.session_id = %(session_id)s
where m.session_id = %(session_id)s order by m.id

-- name: notes
select n.id as note, n.player_id as player, n.account as by, escaped(n.body) as body,
    n.situation, iso(n.at) as at, case when n.erased then 'true' else 'false' end as erased,
    n.session_id as session
from note n where n.session_id = %(session_id)s order by n.id

-- name: erasures
select id as erasure, player_id as player, "by", escaped(why) as why, answers, people, records, messages, notes, results,
    receipts, broken, iso(at) as at, session_id as session
from erasure where session_id = %(session_id)s order by id

-- name: events
-- The log of a solo part is named for its player, as players.csv numbers them.
select case when room.player_id is not null then concat('player ', room.player_id, ' ', room.during)
        else coalesce(room.name, 'session') end as log, e.seq, e.name as event, e.player_id as player,
    case when room.player_id is not null then e.data - 'room' else e.data end as data, iso(e.at) as at, e.session_id as session
from event e left join log on log.id = e.log_id and log.session_id = %(session_id)s left join room on room.id = log.room_id and room.session_id = %(session_id)s
where e.session_id = %(session_id)s order by e.log_id, e.seq

-- name: goes_on
select from_session_id is not null from session where id = %(session_id)s
