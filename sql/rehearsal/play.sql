-- name: postmaster
-- Where its number stands: readable only on its own machine.
select current_setting('data_directory') || '/postmaster.pid'

-- name: goes_on
-- Whether anything will still happen by itself before somebody mends what a hook has stopped: somebody plays in a room
-- that goes on, or waits in a lobby that seats.
select exists (
    select from player p join room r on r.id = p.room_id
    where p.session_id = %(session_id)s and p.status = 'playing' and r.stopped is null
) or exists (
    select from player p join lobby l using (session_id)
    where p.session_id = %(session_id)s and p.status = 'waiting' and l.stopped is null
) or not exists (select from player where session_id = %(session_id)s and status in ('playing', 'waiting'))
