-- name: add_session
insert into session (id, name, seed, study_sha256) values (%(id)s, %(name)s, %(seed)s, %(sha256)s)

-- name: add_study_files
insert into study_file (session_id, path, body)
select %(id)s, path, body from unnest(%(paths)s::text[], %(bodies)s::bytea[]) as f(path, body)

-- name: add_lobby
insert into lobby (session_id) values (%(id)s)

-- name: study_files
select path, body from study_file where session_id = %(id)s

-- name: forget_study_files
delete from study_file where session_id = %(id)s

-- name: put_fingerprint
update session set study_sha256 = %(sha256)s where id = %(id)s

-- name: fingerprint
select study_sha256 from session where id = %(id)s

-- name: find_session
select id, name, seed, status::text, opened_at, started_at, paused_at, closed_at from session where id = %(id)s

-- name: list_sessions
select s.id, s.name, s.seed, s.status::text, s.opened_at, s.started_at, s.paused_at, s.closed_at,
    (select count(*) from player p where p.session_id = s.id) as players,
    (select count(*) from player p where p.session_id = s.id and p.status <> 'invited') as signed_in,
    (select count(*) from room r where r.session_id = s.id) as rooms,
    (select coalesce(sum(l.records), 0)::bigint from log l where l.session_id = s.id) as records
from session s order by s.opened_at desc, s.id

-- name: lock_session
-- First in the lock order: session, lobby, rooms by id, players by id, logs by id.
-- No key update: seating holds the lobby when the rooms that it opens refer to the session.
select id, name, seed, status::text, opened_at, started_at, paused_at, closed_at
from session where id = %(id)s for no key update

-- name: act_as
select set_config('networklab.by', %(by)s, true)

-- name: moment
select clock_timestamp()

-- name: start_session
update session set status = 'running', started_at = clock_timestamp() where id = %(id)s

-- name: pause_session
update session set status = 'paused', paused_at = clock_timestamp() where id = %(id)s

-- name: lock_rooms_of_session
select id from room where session_id = %(id)s and status = 'playing' order by id for update

-- name: shift_rooms
update room set deadline = deadline + (%(until)s - %(since)s) where session_id = %(id)s and status = 'playing'

-- name: lock_waiting_players
select id from player where session_id = %(id)s and status = 'waiting' order by id for update

-- name: shift_waiting
-- Who signed in during the pause has waited only since then.
update player set waiting_since = waiting_since + (%(until)s - greatest(waiting_since, %(since)s)),
    standby_until = standby_until + (%(until)s - %(since)s)
where session_id = %(id)s and status = 'waiting'

-- name: resume_session
update session set status = 'running', paused_at = null, resumed_at = %(resumed_at)s where id = %(id)s

-- name: close_session
update session set status = 'closed', paused_at = null, closed_at = clock_timestamp() where id = %(id)s

-- name: look_again
update lobby set due_at = now() where session_id = %(id)s
