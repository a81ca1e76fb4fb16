-- name: lock_room
select id from room where id = %(room_id)s and session_id = %(session_id)s for update

-- name: extend_room
update room set deadline = deadline + make_interval(secs => %(secs)s) where id = %(room_id)s and status = 'playing'

-- name: retype_player
update player set type = %(type)s where id = %(player_id)s and status = 'waiting'
