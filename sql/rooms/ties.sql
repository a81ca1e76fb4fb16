-- name: add_networks
-- The rooms' first ones.
insert into network (session_id, room_id, position, step, round, made_by)
select %(session_id)s, room_id, 0, %(step)s, %(round)s, 'study' from unnest(%(rooms)s::bigint[]) as r(room_id)

-- name: add_ties
insert into tie (session_id, room_id, position, from_slot, to_slot, weight)
select %(session_id)s, room_id, 0, from_slot, to_slot, weight
from unnest(%(rooms)s::bigint[], %(from_slots)s::int[], %(to_slots)s::int[], %(weights)s::float8[])
    as t(room_id, from_slot, to_slot, weight)

-- name: rewire
-- One statement: the trigger that logs the network finds its ties.
with made as (
    insert into network (session_id, room_id, position, step, round, made_by)
    select r.session_id, r.id, n.position, n.step, n.round, n.made_by
    from unnest(%(rooms)s::bigint[], %(positions)s::int[], %(steps)s::text[], %(rounds)s::int[], %(made_bys)s::text[])
        as n(room_id, position, step, round, made_by)
    join room r on r.id = n.room_id order by r.id
    returning session_id, room_id, position
)
insert into tie (session_id, room_id, position, from_slot, to_slot, weight)
select made.session_id, made.room_id, made.position, t.from_slot, t.to_slot, t.weight
from made join unnest(%(tied_rooms)s::bigint[], %(from_slots)s::int[], %(to_slots)s::int[], %(weights)s::float8[])
    as t(room_id, from_slot, to_slot, weight) on t.room_id = made.room_id

-- name: shapes
-- What a room's network is drawn from.
-- Whatever network it has been given ahead is not given again.
select r.id, r.kind, r.seed,
    greatest(r.position, (select max(n.position) from network n where n.room_id = r.id)) as since, (select array_agg(s.type order by s.slot) from slot s where s.room_id = r.id) as types
from room r where r.id = any(%(room_ids)s) order by r.id

-- name: holding
select t.room_id, t.from_slot, t.to_slot, t.weight
from unnest(%(rooms)s::bigint[], %(positions)s::int[]) as r(id, position)
join tie t on t.room_id = r.id and t.position = network_at(r.id, r.position)
order by t.room_id, t.from_slot, t.to_slot

-- name: networks_of
-- One without ties has one line without slots.
select n.room_id, n.position, t.from_slot, t.to_slot, t.weight from network n
left join tie t on t.room_id = n.room_id and t.position = n.position
where n.room_id = any(%(room_ids)s) order by n.room_id, n.position, t.from_slot, t.to_slot
