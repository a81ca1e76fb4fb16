-- name: lock_waiting
-- clock_timestamp(), not now(): this transaction may have waited for the lobby's lock.
select id as player_id, type, extract(epoch from clock_timestamp() - waiting_since)::float8 as waited
from player where session_id = %(session_id)s and status = 'waiting'
order by id for update

-- name: log_arrivals
update player set arrival_logged = true
where session_id = %(session_id)s and status = 'waiting' and not arrival_logged

-- name: set_due
update lobby set due_at = clock_timestamp() + make_interval(secs => %(secs)s)
where session_id = %(session_id)s

-- name: due_lobbies
select l.session_id from lobby l join session s on s.id = l.session_id
where l.due_at <= clock_timestamp() and s.status <> 'paused'
order by l.session_id

-- name: waiting_by_type
select type, count(*)::integer as waiting from player
where session_id = %(session_id)s and status = 'waiting' group by type

-- name: session_log
select id, last_seq from log where session_id = %(session_id)s and room_id is null
