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
-- Who comes is logged by the seating that follows, all in one go: they count from when they came.
select e.log_id, e.seq, e.name, e.player_id, e.data, e.at from (
    select e.*, max(e.at) over (partition by e.log_id order by e.seq) as moment
    from log l join event e on e.log_id = l.id where l.session_id = %(session_id)s
) e
where %(until)s::timestamptz is null or e.moment <= %(until)s
    or e.name = 'player_signed_in' and (e.data->>'signed_in_at')::timestamptz <= %(until)s
order by e.moment, e.log_id, e.seq

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
