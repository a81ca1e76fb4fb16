-- name: room_now
-- With everybody who has a slot now; what they answered at the door, and what came with them, comes along. A bot that has had it from the start is
-- of the type that the slot asks for.
select r.name, r.kind, r.number, r.seed, r.treatment, (
    select jsonb_agg(jsonb_build_object(
        'slot', s.slot, 'alias', s.alias, 'type', coalesce(p.type, nullif(s.type, 'any'), ''),
        'plays', coalesce(p.status = 'playing', false), 'entry', coalesce(p.entry, '{}'),
        'given', coalesce(p.given, '{}'), 'treatment', coalesce(p.treatment, s.treatment), 'bot', s.bot) order by s.slot)
    from slot s left join player p on p.room_id = s.room_id and p.slot = s.slot and not p.replaced
    where s.room_id = r.id
) as seats
from room r where r.id = %(room_id)s

-- name: alone_now
-- The same of a solo part, in which one person sits.
select r.name, r.kind, r.number, r.seed, r.treatment, jsonb_build_array(jsonb_build_object(
    'slot', 1, 'alias', '', 'type', p.type, 'plays', p.status = r.during, 'entry', p.entry, 'given', p.given,
    'treatment', p.treatment, 'bot', false)) as seats
from room r join player p on p.id = r.player_id where r.id = %(room_id)s

-- name: said_so_far
-- All that was answered in time, of each answer the newest, and all that was computed or filled in.
select step, round, slot, name, value from (
    select distinct on (me.slot, a.step, a.round, a.field) a.step, a.round, me.slot, a.field as name, a.value
    from record a join player p on p.id = a.player_id
    cross join lateral (select case when p.room_id = a.room_id then p.slot else 1 end as slot) me
    where a.room_id = %(room_id)s and not a.late
    order by me.slot, a.step, a.round, a.field, a.id desc
) answered
union all
select step, round, slot, name, value from result r where r.room_id = %(room_id)s

-- name: add_results
-- The room's row is locked, and its position is left with the same transaction. What moves have computed before may get
-- another value as the step ends.
insert into result (session_id, room_id, position, step, round, slot, name, value, made_by)
select room.session_id, room.id, %(position)s, %(step)s, %(round)s, g.slot, g.name, g.value, %(made_by)s
from room, unnest(%(slots)s::int[], %(names)s::text[], %(values)s::text[]) as g(slot, name, value)
where room.id = %(room_id)s
on conflict (room_id, position, slot, name) do update
set value = excluded.value, made_by = excluded.made_by, version = result.version + 1, at = clock_timestamp()
