-- name: logs_of
select id, room_id, last_seq, records, messages from log where session_id = %(session_id)s order by id

-- name: invited_to
-- As they were before anything happened: only who waits is ever of another type.
select p.id, p.label, coalesce(e.data->>'type', p.type) as type, p.by_door is not null as by_door, a.at as added_at
from player p
left join log l on l.session_id = p.session_id and l.room_id is null
left join event e on e.log_id = l.id and e.player_id = p.id and e.name = 'player_signed_in'
left join (
    select one::bigint as player_id, e.at from log l join event e on e.log_id = l.id and e.name = 'people_added'
    cross join jsonb_array_elements_text(e.data->'players') as one
    where l.session_id = %(session_id)s and l.room_id is null
) a on a.player_id = p.id
where p.session_id = %(session_id)s order by p.id

-- name: brought_by
select id, entry, given from player where session_id = %(session_id)s and signed_in_at is not null

-- name: span
-- From the first sign of life to the last event; for a session of which there is none, when it opened.
select coalesce(least(min(e.at), (select min(signed_in_at) from player where session_id = %(session_id)s)), s.opened_at)
    as first, coalesce(max(e.at), s.opened_at) as last
from session s
left join log l on l.session_id = s.id
left join event e on e.log_id = l.id
where s.id = %(session_id)s group by s.id

-- name: events_of
-- All logs as one. Within a log the order is its own: after a failover another machine's clock may be behind.
select e.log_id, e.seq, e.name, e.player_id, e.data, e.at from (
    select e.*, max(e.at) over (partition by e.log_id order by e.seq) as moment
    from log l join event e on e.log_id = l.id where l.session_id = %(session_id)s
) e
order by e.moment, e.log_id, e.seq

-- name: events_that_tell
-- Of those up to a moment, all whose traces are left then: not what was said at steps that are over, and which only
-- led to the one that is open. Who comes is logged by the seating that follows, all in one go: they count from when
-- they came into the lobby. Materialized: else each event would look for the last one of its log again.
with reached as materialized (
    select l.id as log_id, l.room_id, (
        select e.seq from event e where e.log_id = l.id and e.at <= %(at)s order by e.seq desc limit 1
    ) as seq from log l where l.session_id = %(session_id)s
), opened as materialized (
    select r.*, coalesce((
        select e.seq from event e where e.log_id = r.log_id and e.seq <= r.seq and e.name in ('room_opened', 'step_opened')
        order by e.seq desc limit 1
    ), 0) as step_seq from reached r
)
select e.log_id, e.seq, e.name, e.player_id, e.data, e.at from (
    select e.*, max(e.at) over (partition by e.log_id order by e.seq) as moment
    from opened o join event e on e.log_id = o.log_id
    where e.seq <= o.seq and (o.room_id is null or e.seq >= o.step_seq
            or e.name not in ('step_opened', 'deadline_moved', 'network_rewired', 'results_stored', 'player_answered', 'message_sent'))
        or o.room_id is null and e.name = 'player_signed_in' and case when e.data ? 'queued_from'
            then (e.data->>'queued_from')::timestamptz else (e.data->>'signed_in_at')::timestamptz end <= %(at)s
) e
order by e.moment, e.log_id, e.seq

-- name: start_at_then
-- When the session was to start by itself, as it stood at a moment; null: it was not.
with moved as (
    select e.seq, e.at <= %(at)s as before, e.data from log l join event e on e.log_id = l.id
    where l.session_id = %(session_id)s and l.room_id is null and e.name = 'start_moved'
)
select (coalesce(
    (select jsonb_build_object('then', data->'start_at') from moved where before order by seq desc limit 1),
    (select jsonb_build_object('then', data->'was_at') from moved where not before order by seq limit 1),
    jsonb_build_object('then', s.start_at)
)->>'then')::timestamptz from session s where s.id = %(session_id)s

-- name: counted_until
select l.id, coalesce(sum(jsonb_array_length(e.data->'records')), 0)::bigint as records,
    count(*) filter (where e.name = 'message_sent') as messages
from log l left join event e on e.log_id = l.id and e.at <= %(at)s and e.name in ('player_answered', 'message_sent')
where l.session_id = %(session_id)s group by l.id
