-- name: frames_now
-- Of those who were invited first: they have the frames.
select p.id as player_id, p.label, p.type, p.status::text, s.alias, r.name as room, r.step, r.round,
    exists (
        select from record a where a.room_id = r.id and a.player_id = p.id
            and a.round = coalesce(r.last_round, r.round) and a.step = coalesce(r.last_step, r.step)
    ) as answered
from player p left join room r on case when p.status in ('before', 'after') then r.player_id = p.id and r.during = p.status
    else r.id = p.room_id end
left join slot s on s.room_id = p.room_id and s.slot = p.slot
where p.session_id = %(session_id)s order by p.id limit %(most)s

-- name: open_parts
-- What is gone through now, of these parts.
select id from room where session_id = %(session_id)s and status = 'playing' and during::text = any(%(parts)s) order by id
