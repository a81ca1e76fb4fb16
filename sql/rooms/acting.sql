-- name: due
-- Bots at an open step that asks its own `bot`: those that have yet to get a turn there, and those whose turn it is. A
-- while after the first thing that has happened since they were asked, or when they wanted to be.
select r.id as room_id, r.position, b.slot, r.seed, coalesce(t.turn, 0) as turn, t.room_id is null as is_new
from room r join session s on s.id = r.session_id join log l on l.room_id = r.id
join slot b on b.room_id = r.id and b.bot and (r.asked is null or b.slot = any(r.asked))
left join bot_turn t on (t.room_id, t.position, t.slot) = (r.id, r.position, b.slot)
left join event e on e.log_id = l.id and e.seq = t.saw + 1
cross join lateral (
    select case when t.wakes_at is not null then t.wakes_at else e.at + make_interval(secs => t.rest) end as at
) due
where r.session_id = %(session_id)s and r.status = 'playing' and s.status = 'running' and r.step = any(%(steps)s)
    and not r.opening and r.stopped is null and r.deadline > clock_timestamp()
    and (t.room_id is null or due.at <= clock_timestamp())
order by due.at nulls first, r.id, b.slot limit 500

-- name: due_mediators
-- Channels whose function answers what is written there: where somebody has written since it was asked, or, where it wanted to
-- be asked at some time, then.
select r.id as room_id, r.position, -g.nth as slot, r.seed, coalesce(t.turn, 0) as turn, t.room_id is null as is_new
from room r join session s on s.id = r.session_id
join unnest(%(steps)s::text[], %(channels)s::text[], %(nths)s::int[]) as g(step, channel, nth) on g.step = r.step
left join bot_turn t on (t.room_id, t.position, t.slot) = (r.id, r.position, -g.nth)
where r.session_id = %(session_id)s and r.status = 'playing' and s.status = 'running'
    and not r.opening and r.stopped is null and r.deadline > clock_timestamp()
    and case when t.wakes_at is not null then t.wakes_at <= clock_timestamp() else exists (
        select from message m where m.room_id = r.id and m.id > coalesce(t.saw, 0) and m.position = r.position
            and m.channel = g.channel and m.slot > 0 and not m.erased
    ) end
order by r.id, g.nth limit 500

-- name: begin
insert into bot_turn (session_id, room_id, position, slot, rest, wakes_at)
select %(session_id)s, g.room_id, g.position, g.slot, g.rest, clock_timestamp() + make_interval(secs => g.rest)
from unnest(%(room_ids)s::bigint[], %(positions)s::int[], %(slots)s::int[], %(rests)s::float[]) as g(room_id, position, slot, rest)
on conflict do nothing

-- name: lock_turn
-- Unless another process has it, or has had it meanwhile, or its step does not go on.
select t.turn, r.seed, t.page, t.wakes_at is not null as woken, t.saw,
    extract(epoch from clock_timestamp() - o.at - o.stood_still)::float as at,
    extract(epoch from r.deadline - clock_timestamp())::float as left
from bot_turn t join room r on r.id = t.room_id and r.position = t.position
join session s on s.id = r.session_id and s.status = 'running'
join opened_step o on (o.room_id, o.position) = (t.room_id, t.position)
where (t.room_id, t.position, t.slot, t.turn) = (%(room_id)s, %(position)s, %(slot)s, %(turn)s)
    and (t.wakes_at is null or t.wakes_at <= clock_timestamp())
    and r.status = 'playing' and not r.opening and r.stopped is null and r.deadline > clock_timestamp()
for update of t skip locked

-- name: saw
update bot_turn set saw = %(saw)s where (room_id, position, slot) = (%(room_id)s, %(position)s, %(slot)s)

-- name: took
update bot_turn set turn = turn + 1, saw = %(saw)s, page = %(page)s, rest = %(rest)s,
    wakes_at = clock_timestamp() + make_interval(secs => %(wakes)s)
where (room_id, position, slot) = (%(room_id)s, %(position)s, %(slot)s)

-- name: move
-- A bot's move waits to be handled as anybody's, where it comes in time: of a number that no record has. What it may not
-- do any more, it has not done.
insert into move (record_id, session_id, room_id, position, slot, since, turn, step, round, name, value, at)
select nextval(pg_get_serial_sequence('record', 'id')), r.session_id, r.id, r.position, b.slot,
    extract(epoch from clock_timestamp() - o.at - o.stood_still), %(turn)s, r.step, r.round, %(name)s, %(value)s, clock_timestamp()
from room r join session s on s.id = r.session_id and s.status = 'running'
join slot b on b.room_id = r.id and b.slot = %(slot)s and b.bot and (r.asked is null or b.slot = any(r.asked))
join opened_step o on o.room_id = r.id and o.position = r.position
where r.id = %(room_id)s and r.position = %(position)s and r.status = 'playing' and not r.opening and r.stopped is null
    and r.deadline > clock_timestamp()
    and not exists (select from move m where m.room_id = r.id and m.position = r.position and m.ends)
returning record_id

-- name: may_answer
-- The room is still there, and nobody has answered for the slot.
select r.id from room r join slot b on b.room_id = r.id and b.slot = %(slot)s and b.bot
where r.id = %(room_id)s and r.position = %(position)s and r.status = 'playing' and not r.opening and r.stopped is null
    and not exists (
        select from result x where x.room_id = r.id and x.position = r.position and x.slot = b.slot and x.made_by = 'bot'
    )
