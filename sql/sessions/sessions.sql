-- name: add_session
-- Where there are several databases its id says in which it is.
insert into session (id, name, seed, study_sha256, start_at, form)
values (coalesce((select name || '-' from cluster), '') || %(id)s, %(name)s, %(seed)s, %(sha256)s, %(start_at)s, %(form)s)
returning id

-- name: add_lobby
insert into lobby (session_id) values (%(id)s)

-- name: find_session
select id, name, seed, status::text, opened_at, start_at, started_at, paused_at, closed_at, archived_at from session where id = %(id)s

-- name: list_sessions
-- Those that are archived, or those that are not.
select s.id, s.name, s.seed, s.status::text, s.opened_at, s.start_at, s.started_at, s.paused_at, s.closed_at, s.archived_at,
    (select count(*) from player p where p.session_id = s.id) as players,
    (select count(*) from player p where p.session_id = s.id and p.status <> 'invited') as signed_in,
    (select count(*) from room r where r.session_id = s.id and r.during = 'playing') as rooms,
    (select coalesce(sum(l.records), 0)::bigint from log l where l.session_id = s.id) as records
from session s where (s.archived_at is not null) = %(archived)s order by s.opened_at desc, s.id

-- name: all_sessions
select id, name, seed, status::text, opened_at, start_at, started_at, paused_at, closed_at, archived_at
from session order by archived_at is not null, opened_at desc, id

-- name: archive
update session set archived_at = case when %(away)s then clock_timestamp() end where id = %(id)s

-- name: sessions_with
select id, name, seed, status::text, opened_at, start_at, started_at, paused_at, closed_at, archived_at
from session where study_sha256 = %(sha256)s order by opened_at desc, id

-- name: opened_by
select id from session where form = %(form)s

-- name: people_playing
-- Alone before or after a room, too, and where they wait for the start or for the end of a pause.
select count(*) from player p join session s on s.id = p.session_id
where s.status <> 'closed' and p.status in ('before', 'waiting', 'playing', 'after')

-- name: people_expected
select count(*) from player p join session s on s.id = p.session_id
where s.status <> 'closed' and p.status not in ('finished', 'left')

-- name: lock_session
-- First in the lock order: session, lobby, rooms by id, players by id, logs by id.
-- No key update: seating holds the lobby when the rooms that it opens refer to the session.
select id, name, seed, status::text, opened_at, start_at, started_at, paused_at, closed_at, archived_at
from session where id = %(id)s for no key update

-- name: share_session
-- Beside others who do, and not while it is marked to be moved, or acted on.
select id, name, seed, status::text, opened_at, start_at, started_at, paused_at, closed_at, archived_at
from session where id = %(id)s for share

-- name: leaving_for
select cluster from transfer where session_id = %(id)s and done_at is null

-- name: act_as
select set_config('networklab.by', %(by)s, true)
