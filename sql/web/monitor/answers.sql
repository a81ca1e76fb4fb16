-- name: counts
-- How often each value is the one that counts, as in records.csv. Of answers in words only how many there are.
with final as (
    select distinct on (room_id, player_id, step, round, field) step, field, value
    from record where session_id = %(session_id)s and not erased
    order by room_id, player_id, step, round, field, late, version desc
)
select f.step, f.field, case when w.step is null then f.value else '' end as said, count(*)::int
from final f
left join unnest(%(steps)s::text[], %(fields)s::text[]) as w(step, field) on w.step = f.step and w.field = f.field
where f.value <> '' group by 1, 2, 3
