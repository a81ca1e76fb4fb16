-- name: seconds_until_due
-- Of whichever comes first, a room's deadline, a lobby's, or the start of a session that starts by itself.
select extract(epoch from least(
    (select min(r.deadline) from room r join session s on s.id = r.session_id
        where r.status = 'playing' and r.stopped is null
            and (s.status = 'running' or r.during <> 'playing' and s.status = 'open')),
    (select min(l.due_at) from lobby l join session s on s.id = l.session_id where s.status <> 'paused'),
    (select min(s.start_at) from session s where s.status = 'open')
) - clock_timestamp())::float8 as seconds
