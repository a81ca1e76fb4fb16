-- name: people
-- As they are now. Who was turned away at the door had no seat, and one of these outcomes.
select count(*) filter (where by_door is null)::integer as listed,
    count(*) filter (where status <> 'invited')::integer as came,
    count(*) filter (where status = 'left' and room_id is null and outcome = any(%(at_the_door)s))::integer as turned_away,
    count(*) filter (where seated_at is not null)::integer as seated,
    count(*) filter (where status = 'finished')::integer as finished,
    count(*) filter (where status = 'left')::integer as gone,
    count(*) filter (where status in ('before', 'waiting', 'playing', 'after'))::integer as there
from player where session_id = %(session_id)s

-- name: outcomes
select outcome, count(*)::integer as people from player
where session_id = %(session_id)s and status in ('finished', 'left') and outcome is not null
group by outcome order by people desc, outcome

-- name: rooms
-- Those in which people are together; who has taken a place over counts, too.
select r.kind, count(distinct r.id)::integer as rooms, count(p.id)::integer as people
from room r left join player p on p.room_id = r.id
where r.session_id = %(session_id)s and r.during = 'playing' group by r.kind order by r.kind

-- name: drawn
-- Of each level of each treatment, rooms for which it was drawn, and people who have it.
select treatment, level, sum(rooms)::integer as rooms, sum(people)::integer as people from (
    select t.key as treatment, t.value as level, 1 as rooms, 0 as people
    from room r cross join lateral jsonb_each_text(r.treatment) t
    where r.session_id = %(session_id)s and r.during = 'playing'
    union all
    select t.key, t.value, 0, 1 from player p cross join lateral jsonb_each_text(p.treatment) t
    where p.session_id = %(session_id)s
) d group by treatment, level

-- name: spans
-- In seconds, pauses included: from signing in to the end, in the lobby until a seat, and in the room. The last two are
-- those of the dashboard.
select what, count(seconds)::integer as people, percentile_cont(0.5) within group (order by seconds)::float8 as median,
    percentile_cont(0.9) within group (order by seconds)::float8 as ninetieth
from player p cross join lateral (values
    ('whole', case when p.status = 'finished' and p.outcome = 'complete' then p.finished_at - p.signed_in_at end),
    ('lobby', p.seated_at - coalesce(p.queued_from, p.signed_in_at)),
    ('room', case when p.status in ('finished', 'after') then coalesce(p.waited_until, p.finished_at) - p.seated_at end)
) s(what, span) cross join lateral (select extract(epoch from s.span) as seconds) e
where p.session_id = %(session_id)s and p.signed_in_at is not null and seconds is not null group by what

-- name: changed
-- Files of the study that were changed while it ran.
select path, by, at from mended where session_id = %(session_id)s order by at, path

-- name: stored
select coalesce(sum(records), 0)::bigint as records, coalesce(sum(messages), 0)::bigint as messages
from log where session_id = %(session_id)s
