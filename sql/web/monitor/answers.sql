-- name: hold_back
select set_config('statement_timeout', %(milliseconds)s, true)

-- name: counts
-- How often each value is the one that counts, as in records.csv, in each group; and of numbers their mean in each round.
-- Of answers in words only how many there are.
with final as (
    select distinct on (room_id, player_id, step, round, field) room_id, player_id, step, round, field, value
    from record where session_id = %(session_id)s and not erased and (%(round)s = 0 or round = %(round)s)
    order by room_id, player_id, step, round, field, late, version desc
), grouped as (
    select f.step, f.field, f.round, case when w.step is null then f.value else '' end as said,
        case when n.step is not null and f.value ~ '^-?[0-9]+(\.[0-9]+)?$' then f.value::numeric end as number,
        case %(by)s when '' then '' when 'kind' then case when room.during = 'playing' then room.kind else '' end
            when 'type' then coalesce(p.type, '') else coalesce(p.treatment->>%(by)s, '') end as of_group
    from final f join player p on p.id = f.player_id and p.session_id = %(session_id)s
    join room on room.id = f.room_id and room.session_id = %(session_id)s
    left join unnest(%(steps)s::text[], %(fields)s::text[]) as w(step, field) on w.step = f.step and w.field = f.field
    left join unnest(%(number_steps)s::text[], %(numbers)s::text[]) as n(step, field) on n.step = f.step and n.field = f.field
    where f.value <> ''
)
select step, field, of_group, round, said, case grouping(round) when 0 then count(number) else count(*) end::int, avg(number)
from grouped group by grouping sets ((step, field, of_group, said), (step, field, of_group, round))
having grouping(round) = 1 or count(number) > 0
