-- name: waiting
-- Who waits in the lobby, how long the last of them still may, and whether anything will happen by itself before
-- somebody mends what a hook has stopped: somebody plays in a room that goes on, or waits in a lobby that seats.
select count(*) filter (where p.status = 'waiting')::integer as people,
    coalesce(extract(epoch from max(coalesce(p.standby_until, p.waiting_since + make_interval(secs => %(longest)s)))
        filter (where p.status = 'waiting') - clock_timestamp()), 0)::float8 as seconds,
    coalesce(bool_or(p.status = 'playing' and r.stopped is null or p.status = 'waiting' and l.stopped is null), true)
        as goes_on
from player p join lobby l using (session_id) left join room r on r.id = p.room_id
where p.session_id = %(session_id)s and p.status in ('playing', 'waiting')
