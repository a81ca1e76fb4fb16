-- name: those_that_play
-- Of these sessions, those in which some room plays.
select s.id from session s
where s.id = any(%(ids)s) and s.status = 'running'
    and exists (select from room r where r.session_id = s.id and r.status = 'playing')
