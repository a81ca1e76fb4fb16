-- name: rooms_now
-- With everybody who has a slot now; what they answered at the door, and what came with them, comes along. A bot that has had it from the start is
-- of the type that the slot asks for. In a solo part one person sits.
select r.id, r.name, r.kind, r.number, r.seed, r.treatment, case when r.player_id is null then (
    select jsonb_agg(jsonb_build_object(
        'slot', s.slot, 'alias', s.alias, 'type', coalesce(p.type, nullif(s.type, 'any'), ''),
        'plays', coalesce(p.status = 'playing', false), 'entry', coalesce(p.entry, '{}'),
        'given', coalesce(p.given, '{}'), 'treatment', coalesce(p.treatment, s.treatment), 'bot', s.bot) order by s.slot)
    from slot s left join player p on p.room_id = s.room_id and p.slot = s.slot and not p.replaced
    where s.room_id = r.id
) else (
    select jsonb_build_array(jsonb_build_object(
        'slot', 1, 'alias', '', 'type', p.type, 'plays', p.status = r.during, 'entry', p.entry, 'given', p.given,
        'treatment', p.treatment, 'bot', false))
    from player p where p.id = r.player_id
) end as seats
from room r where r.id = any(%(room_ids)s) order by r.id

-- name: said_so_far
-- All that was answered in time, of each answer the newest, and all that was computed or filled in.
select room_id, step, round, slot, name, value from (
    select distinct on (a.room_id, me.slot, a.step, a.round, a.field) a.room_id, a.step, a.round, me.slot, a.field as name,
        a.value
    from record a join player p on p.id = a.player_id
    cross join lateral (select case when p.room_id = a.room_id then p.slot else 1 end as slot) me
    where a.room_id = any(%(room_ids)s) and not a.late
    order by a.room_id, me.slot, a.step, a.round, a.field, a.id desc
) answered
union all
select room_id, step, round, slot, name, value from result r where r.room_id = any(%(room_ids)s)

-- name: close_steps
-- How long the open step of each room has been: until the move that has ended it, or now, or its deadline.
update opened_step o set lasted = coalesce(o.lasted,
    (select m.since from move m where m.room_id = r.id and m.position = r.position and m.ends order by m.nth limit 1),
    greatest(0, extract(epoch from least(clock_timestamp(), r.deadline) - o.at - o.stood_still)))
from room r where r.id = any(%(room_ids)s) and o.room_id = r.id and o.position = r.position
returning r.id, o.lasted

-- name: lock_logs
-- Of several rooms at once: what is written to them comes one kind after the other, and each kind takes them in order.
select id from log where room_id = any(%(room_ids)s) order by id for no key update

-- name: add_results
-- The rooms' rows are locked, and their positions are left with the same transaction. What moves have computed before may
-- get another value as the step ends.
insert into result (session_id, room_id, position, step, round, slot, name, value, made_by)
select room.session_id, room.id, g.position, g.step, g.round, g.slot, g.name, g.value, g.made_by
from unnest(%(rooms)s::bigint[], %(positions)s::int[], %(steps)s::text[], %(rounds)s::int[], %(slots)s::int[],
    %(names)s::text[], %(values)s::text[], %(made_bys)s::text[])
    as g(room_id, position, step, round, slot, name, value, made_by)
join room on room.id = g.room_id
on conflict (room_id, position, slot, name) do update
set value = excluded.value, made_by = excluded.made_by, version = result.version + 1, at = clock_timestamp()

-- name: who_leaves
-- Whoever plays in these slots now. Their rooms are locked: nobody else comes to sit there.
select p.id, g.outcome
from unnest(%(rooms)s::bigint[], %(slots)s::int[], %(outcomes)s::text[]) as g(room_id, slot, outcome)
join player p on p.room_id = g.room_id and p.slot = g.slot and p.status = 'playing'
order by p.id for update of p
