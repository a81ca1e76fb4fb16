-- name: entries
select id, entry from player where id = any(%(player_ids)s)

-- name: is_stopped
select stopped is not null from lobby where session_id = %(session_id)s

-- name: stop_seating
update lobby set stopped = %(why)s where session_id = %(session_id)s

-- name: why_stopped
select stopped->>'hook' as hook, stopped->>'sentence' as sentence, (stopped->>'line')::integer as line,
    stopped->>'values' as values, stopped->>'printed' as printed, (stopped->>'at')::timestamptz as at
from lobby where session_id = %(session_id)s and stopped is not null
