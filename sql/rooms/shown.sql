-- name: told_in
-- What was answered in a room at these steps and rounds, or computed or filled in, by slot: of each answer the newest
-- that came in time; of all slots, or of some. Whoever took a slot over goes on from what was said there before.
with wanted as (
    select * from unnest(%(steps)s::text[], %(rounds)s::int[], %(fields)s::text[]) as g(step, round, field)
), answered as (
    select distinct on (me.slot, a.step, a.round, a.field) me.slot, a.step, a.round, a.field, a.value
    from wanted g
    join record a on a.room_id = %(room_id)s and a.round = g.round and a.step = g.step and a.field = g.field and not a.late
        and (%(slots)s::int[] is null or a.player_id = any(array(
            select q.id from player q where q.room_id = %(room_id)s and q.slot = any(%(slots)s::int[])
        )))
    join player p on p.id = a.player_id
    cross join lateral (select case when p.room_id = a.room_id then p.slot else 1 end as slot) me
    order by me.slot, a.step, a.round, a.field, a.id desc
)
select slot, step, round, field, value from answered
union all
select r.slot, r.step, r.round, r.name, r.value
from wanted g join result r on r.room_id = %(room_id)s and r.step = g.step and r.round = g.round and r.name = g.field
    and (%(slots)s::int[] is null or r.slot = any(%(slots)s::int[]))
