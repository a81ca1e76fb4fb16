-- name: alone
select p.id, p.status::text as during, coalesce(p.outcome, 'complete') as outcome, p.treatment, s.seed as session_seed
from player p join session s on s.id = p.session_id
where p.id = any(%(player_ids)s) and p.status in ('before', 'after')
    and not exists (select from room r where r.player_id = p.id and r.during = p.status)
order by p.id

-- name: open_solo
-- Two processes that find the same: one opens it.
with opened as (
    insert into room (session_id, kind, number, reason, seed, during, player_id, position, step, round, ends_when_answered,
        wait_share, opening, treatment, deadline)
    select p.session_id, p.status::text, number_alone(p.id), 'alone', o.seed, p.status, p.id, o.position, o.step, o.round, true, 1, o.opening,
        p.treatment, clock_timestamp() + make_interval(secs => o.secs)
    from jsonb_to_recordset(%(opens)s) as o(player bigint, seed bigint, opening boolean, position int, step text, round int,
        secs float8)
    join player p on p.id = o.player
    order by p.id
    on conflict do nothing
    returning id, session_id
)
insert into slot (session_id, room_id, slot, type, alias) select session_id, id, 1, 'any', '' from opened

-- name: stranded
-- Their rooms are opened right after they came, by the same process.
select p.id as player_id, p.session_id from player p
where p.status in ('before', 'after')
    and not exists (select from room r where r.player_id = p.id and r.during = p.status)
    and coalesce(p.waited_until, p.signed_in_at) < clock_timestamp() - interval '2 seconds'
order by p.id limit 200

-- name: solo_room_of
select r.id from player p join room r on r.player_id = p.id and r.during = p.status where p.id = %(player_id)s

-- name: who_is_alone
select id, status::text from player where session_id = %(session_id)s and status in ('before', 'after') order by id

-- name: parts
select id as room_id, player_id, during::text from room where id = any(%(room_ids)s) and status = 'playing' order by id

-- name: end_rooms
update room set status = 'ended', ended_at = clock_timestamp(), outcome = %(outcome)s, stopped = null, opening = false
where id = any(%(room_ids)s) and status = 'playing'

-- name: waits_on
-- Where nobody listened for a while, silence is counted from then on.
update room set deadline = greatest(g.at, h.since) + make_interval(secs => %(secs)s)
from listening h, room r left join sign g on g.player_id = r.player_id
where room.id = %(room_id)s and r.id = room.id
    and greatest(g.at, h.since) + make_interval(secs => %(secs)s) > clock_timestamp()
returning room.id

-- name: is_answered
-- In a statement of its own: what was stored until the room was locked is seen.
select exists (
    select from room r join record a on a.room_id = r.id and a.round = r.round and a.step = r.step and not a.late
    where r.id = %(room_id)s
)

-- name: said_elsewhere
-- Of a room with others, what its players said before; of a solo part, all else that its player said: answers in time, of
-- each the newest, and what was computed or filled in.
with here as (
    select r.id as told_in, p.id as player_id, case when r.player_id is null then p.slot else 1 end as slot, o.id as room_id,
        case when o.player_id is null then p.slot else 1 end as slot_there
    from room r join player p on p.id = r.player_id or r.player_id is null and p.room_id = r.id
    join room o on o.id <> r.id and (o.player_id = p.id and o.during = 'before'
        or r.player_id is not null and (o.player_id = p.id or o.id = p.room_id))
    where r.id = any(%(room_ids)s) and not p.replaced
)
select told_in, step, round, slot, name, value from (
    select distinct on (h.told_in, h.slot, a.step, a.round, a.field) h.told_in, a.step, a.round, h.slot, a.field as name,
        a.value
    from here h join record a on a.room_id = h.room_id and a.player_id = h.player_id
    where not a.late
    order by h.told_in, h.slot, a.step, a.round, a.field, a.id desc
) answered
union all
select h.told_in, t.step, t.round, h.slot, t.name, t.value
from here h join result t on t.room_id = h.room_id and t.slot = h.slot_there
