-- name: whereabouts
-- Of those who were invited first: they have the frames.
select p.id as player_id, p.label, p.type, p.status::text, s.alias, r.name as room, r.step, r.round,
    exists (
        select from record a where a.room_id = r.id and a.player_id = p.id
            and a.round = coalesce(r.last_round, r.round) and a.step = coalesce(r.last_step, r.step)
    ) as answered
from player p left join room r on r.id = p.room_id left join slot s on s.room_id = p.room_id and s.slot = p.slot
where p.session_id = %(session_id)s order by p.id limit %(most)s

-- name: sessions_to_close
select id from session where status <> 'closed' order by id

-- name: stopped
select w.room, w.stopped->>'hook' as hook, rtrim(w.stopped->>'sentence', '.') as sentence,
    (w.stopped->>'line')::integer as line
from (
    select 0 as id, 'The seating' as room, stopped from lobby where session_id = %(session_id)s
    union all
    select id, name, stopped from room where session_id = %(session_id)s
) w where w.stopped is not null order by w.id
