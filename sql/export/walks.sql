-- name: walks
-- Each solo part as its log tells it, with what was said there in time and what was filled in. In the order of the plan.
with part as (
    select r.id, r.player_id, r.during, r.outcome, l.id as log_id from room r join log l on l.room_id = r.id and l.session_id = %(session_id)s
    where r.session_id = %(session_id)s and r.player_id is not null
), happened as (
    select part.id, jsonb_agg(jsonb_build_array((e.data->>'position')::int,
        e.name = 'step_opened' or e.name = 'room_opened' and e.data->>'opening' is distinct from 'true', e.data ? 'by')
        order by e.seq) as events
    from part join event e on e.log_id = part.log_id where e.data ? 'position' and e.name <> 'results_stored' group by part.id
), answer as (
    select distinct on (a.room_id, a.step, a.round, a.field) a.room_id, a.step, a.round, a.field, a.value
    from record a join part on part.id = a.room_id where a.session_id = %(session_id)s and not a.late
    order by a.room_id, a.step, a.round, a.field, a.id desc
), said as (
    select room_id, jsonb_agg(jsonb_build_array(step, round, field, value)) as answers from (
        select t.room_id, t.step, t.round, t.name as field, t.value from result t join part on part.id = t.room_id
        where not exists (select from answer a where (a.room_id, a.step, a.round, a.field) = (t.room_id, t.step, t.round, t.name))
        union all select * from answer
    ) both_kinds group by room_id
), gone as (
    select e.player_id, max(e.data->>'outcome') as outcome, bool_or(e.data ? 'by') as by from event e
    where e.session_id = %(session_id)s and e.name = 'player_left' group by e.player_id
), went as (
    select e.player_id, max(e.data->>'outcome') as outcome from event e
    where e.session_id = %(session_id)s and e.name = 'player_goes_on' group by e.player_id
), erased as (
    select distinct room_id from record where session_id = %(session_id)s and erased
)
select p.id as player_id, p.label, part.during::text, part.outcome, coalesce(went.outcome, 'complete') as went_with,
    gone.outcome as left_with, coalesce(gone.by, false) as taken_out, coalesce(happened.events, '[]') as happened,
    coalesce(said.answers, '[]') as said
from part join player p on p.id = part.player_id and p.session_id = %(session_id)s left join happened on happened.id = part.id
left join said on said.room_id = part.id left join gone on gone.player_id = p.id left join went on went.player_id = p.id
left join erased on erased.room_id = part.id
where erased.room_id is null order by p.id, part.id
