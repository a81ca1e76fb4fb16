-- name: room_now
select r.id, r.session_id, r.name, r.kind, r.number, r.seed, r.treatment
from room r where r.id = %(room_id)s

-- name: seats_now
-- Everybody who has the slot now; what they answered at the door comes along. A bot that has had it from the start is
-- of the type that the slot asks for.
select s.slot, s.alias, coalesce(p.type, nullif(s.type, 'any'), '') as type, coalesce(p.status = 'playing', false) as plays,
    coalesce(p.entry, '{}') as entry, coalesce(p.treatment, s.treatment) as treatment, s.bot
from slot s left join player p on p.room_id = s.room_id and p.slot = s.slot and not p.replaced
where s.room_id = %(room_id)s order by s.slot

-- name: said_so_far
-- All that was answered in time, of each answer the newest, and all that was computed or filled in.
select step, round, slot, name, value from (
    select distinct on (p.slot, a.step, a.round, a.field) a.step, a.round, p.slot, a.field as name, a.value
    from record a join player p on p.id = a.player_id
    where a.room_id = %(room_id)s and not a.late
    order by p.slot, a.step, a.round, a.field, a.id desc
) answered
union all
select step, round, slot, name, value from result r where r.room_id = %(room_id)s

-- name: add_results
-- Again changes nothing: the room's row is locked, and its position is left with the same transaction.
insert into result (session_id, room_id, position, step, round, slot, name, value, made_by)
select %(session_id)s, %(room_id)s, %(position)s, %(step)s, %(round)s, slot, name, value, %(made_by)s
from unnest(%(slots)s::int[], %(names)s::text[], %(values)s::text[]) as g(slot, name, value)
