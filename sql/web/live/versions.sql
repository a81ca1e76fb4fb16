-- name: version
-- Changes with all that changes the page of this player: the logs of their session and of their room tell of everything
-- that a page shows.
-- The lobby counts those who are still on their way, which no log tells.
select concat_ws('.', p.status, p.room_id, p.slot, s.last_seq, r.last_seq, case when p.status = 'waiting' then (
    select count(*) from player o where o.session_id = p.session_id and o.status = 'before'
) end)
from player p join log s on s.session_id = p.session_id and s.room_id is null
left join room on room.player_id = p.id and room.during = p.status
left join log r on r.room_id = coalesce(room.id, p.room_id)
where p.id = %(player_id)s
