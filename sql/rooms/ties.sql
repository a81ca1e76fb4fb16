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
    select session_id, id, %(position)s, %(step)s, %(round)s, %(made_by)s from room where id = %(room_id)s
    returning session_id, room_id, position
)
insert into tie (session_id, room_id, position, from_slot, to_slot, weight)
select made.session_id, made.room_id, made.position, t.from_slot, t.to_slot, t.weight
from made, unnest(%(from_slots)s::int[], %(to_slots)s::int[], %(weights)s::float8[]) as t(from_slot, to_slot, weight)

-- name: shapes
-- What a room's network is drawn from.
-- Whatever network it has been given ahead is not given again.
select r.id, r.kind, r.seed,
    greatest(r.position, (select max(n.position) from network n where n.room_id = r.id)) as since, (select array_agg(s.type order by s.slot) from slot s where s.room_id = r.id) as types
from room r where r.id = any(%(room_ids)s) order by r.id

-- name: holding
select from_slot, to_slot, weight from tie
where room_id = %(room_id)s and position = network_at(%(room_id)s, %(position)s)
order by from_slot, to_slot

-- name: networks_of
-- One without ties has one line without slots.
select n.position, t.from_slot, t.to_slot, t.weight from network n
left join tie t on t.room_id = n.room_id and t.position = n.position
where n.room_id = %(room_id)s order by n.position, t.from_slot, t.to_slot
