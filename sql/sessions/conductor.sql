-- name: seconds_until_due
-- Of whichever comes first, a room's deadline, a lobby's, that of somebody in line before a door, or the start of a session
-- that starts by itself.
select extract(epoch from least(
    (select min(r.deadline) from room r join session s on s.id = r.session_id
        where r.status = 'playing' and r.stopped is null
            and (s.status = 'running' or r.during <> 'playing' and s.status = 'open')),
    (select min(l.due_at) from lobby l join session s on s.id = l.session_id where s.status <> 'paused'),
    (select min(p.in_line_until) from player p join session s on s.id = p.session_id
        where p.in_line_until is not null and p.status = 'invited' and s.status <> 'paused'),
    (select min(s.start_at) from session s where s.status = 'open')
) - clock_timestamp())::float8 as seconds
