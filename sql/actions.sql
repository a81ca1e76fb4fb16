-- name: lock_room
select id from room where id = %(room_id)s and session_id = %(session_id)s for update

-- name: extend_room
update room set deadline = deadline + make_interval(secs => %(secs)s) where id = %(room_id)s and status = 'playing'

-- name: end_step
update room set deadline = clock_timestamp() where id = %(room_id)s and status = 'playing' and stopped is null

-- name: retype_player
update player set type = %(type)s where id = %(player_id)s and status = 'waiting'

-- name: standbys_for
-- A slot of any type takes everybody. Nobody may take the slot of somebody who was replaced already.
select n.id, n.label, n.type, n.waiting_since
from player p join room r on r.id = p.room_id join slot s on s.room_id = p.room_id and s.slot = p.slot
join player n on n.session_id = p.session_id and n.status = 'waiting' and s.type in ('any', n.type)
where p.id = %(player_id)s and not p.replaced and r.status = 'playing'
order by n.waiting_since, n.id limit 50

-- name: give_up_slot
update player set replaced = true where id = %(player_id)s and status = 'left'

-- name: issue_code
-- Who never came in is out from now on, with a code.
update player set outcome = %(outcome)s, code = %(code)s, arrival_logged = true,
    status = case when status = 'invited' then 'left' else status end,
    signed_in_at = coalesce(signed_in_at, now()), waiting_since = coalesce(waiting_since, now()),
    finished_at = coalesce(finished_at, now())
where id = %(player_id)s and status in ('invited', 'finished', 'left')
