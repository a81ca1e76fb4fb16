-- name: stop_room
update room set stopped = %(why)s where id = %(room_id)s and status = 'playing'

-- name: why_stopped
select stopped->>'hook' as hook, stopped->>'sentence' as sentence, (stopped->>'line')::integer as line,
    stopped->>'values' as values, stopped->>'printed' as printed, (stopped->>'at')::timestamptz as at
from room where id = %(room_id)s and stopped is not null

-- name: retry_room
-- Only if it is stopped for the reason that the researcher saw.
update room set stopped = null where id = %(room_id)s and session_id = %(session_id)s and (stopped->>'at')::timestamptz = %(at)s returning id

-- name: retry_rooms
update room set stopped = null where session_id = %(session_id)s and stopped is not null returning id

-- name: retry_seating
update lobby set stopped = null, due_at = now()
where session_id = %(session_id)s and stopped is not null
    and (%(at)s::timestamptz is null or (stopped->>'at')::timestamptz = %(at)s)
returning session_id
