-- name: brought
select id, entry, given from player where id = any(%(player_ids)s)

-- name: is_stopped
select stopped is not null from lobby where session_id = %(session_id)s

-- name: stop_seating
update lobby set stopped = %(why)s where session_id = %(session_id)s
