-- name: logs_of
select id, room_id, last_seq, records, messages from log where session_id = %(session_id)s order by id

-- name: invited_to
-- As they were before anything happened: only who waits is ever of another type.
select p.id, p.label, coalesce(e.data->>'type', p.type) as type
from player p
left join log l on l.session_id = p.session_id and l.room_id is null
left join event e on e.log_id = l.id and e.player_id = p.id and e.name = 'player_signed_in'
where p.session_id = %(session_id)s order by p.id

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
-- they came. Materialized: else each event would look for the last one of its log again.
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
            or e.name not in ('step_opened', 'deadline_moved', 'player_answered', 'message_sent'))
        or o.room_id is null and e.name = 'player_signed_in' and (e.data->>'signed_in_at')::timestamptz <= %(at)s
) e
order by e.moment, e.log_id, e.seq

-- name: counted_until
select l.id, coalesce(sum(jsonb_array_length(e.data->'records')), 0)::bigint as records,
    count(*) filter (where e.name = 'message_sent') as messages
from log l left join event e on e.log_id = l.id and e.at <= %(at)s and e.name in ('player_answered', 'message_sent')
where l.session_id = %(session_id)s group by l.id

-- name: session_in_table
select id, status::text, started_at, paused_at, closed_at from session where id = %(session_id)s

-- name: players_in_table
-- Who has come and is not logged yet is still invited, as far as the log can know: the next seating tells of them.
select id, label, type, case when arrival_logged then status::text else 'invited' end as status, room_id, slot, replaced,
    case when arrival_logged then signed_in_at end as signed_in_at,
    case when arrival_logged then waiting_since end as waiting_since, seated_at, finished_at, outcome, code,
    (select sum(amount) from earning e where e.player_id = player.id) as earned
from player where session_id = %(session_id)s order by id

-- name: rooms_in_table
select id, kind, number, reason, status::text, position, step, round, deadline, opened_at, outcome, ended_at, opening, asked,
    stopped is not null as stopped,
    array(
        select distinct a.player_id from record a
        where a.room_id = room.id and a.round = room.round and a.step = room.step and not a.late
    ) as answered
from room where session_id = %(session_id)s order by id

-- name: records_in_table
select id, player_id, room_id, step, round, field, value, late from record where session_id = %(session_id)s order by id

-- name: messages_in_table
select id, player_id, room_id, slot, to_slot from message where session_id = %(session_id)s order by id

-- name: notes_in_table
select id, player_id from note where session_id = %(session_id)s order by id
