-- name: lock_room
select id from room where id = %(room_id)s and session_id = %(session_id)s for update

-- name: extend_room
update room set deadline = deadline + make_interval(secs => %(secs)s) where id = %(room_id)s and status = 'playing'

-- name: end_step
update room set deadline = clock_timestamp() where id = %(room_id)s and status = 'playing' and stopped is null

-- name: retype_player
update player set type = %(type)s where id = %(player_id)s and status = 'waiting'

-- name: issue_code
-- Who never came in is out from now on, with a code.
update player set outcome = %(outcome)s, code = %(code)s, arrival_logged = true,
    status = case when status = 'invited' then 'left' else status end,
    signed_in_at = coalesce(signed_in_at, now()), waiting_since = coalesce(waiting_since, now()),
    finished_at = coalesce(finished_at, now())
where id = %(player_id)s and status in ('invited', 'finished', 'left')
