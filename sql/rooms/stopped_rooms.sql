-- name: stop_room
update room set stopped = %(why)s || jsonb_build_object('at', clock_timestamp()) where id = %(room_id)s and status = 'playing'

-- name: lock_there
select id from room where id = %(room_id)s and position = %(position)s and status = 'playing' and stopped is null for update

-- name: why_stopped
select stopped->>'hook' as hook, stopped->>'sentence' as sentence, (stopped->>'line')::integer as line,
    stopped->>'values' as values, stopped->>'printed' as printed, (stopped->>'at')::timestamptz as at
from room where id = %(room_id)s and stopped is not null

-- name: give_back
-- The time for which a room stood still is its own: a deadline that had passed as it stopped has passed now, too. What of it
-- lies in a pause, resuming gives back.
with stood as (
    select r.id, r.position, greatest(interval '0', coalesce(s.paused_at, clock_timestamp()) - (r.stopped->>'at')::timestamptz) as time
    from room r join session s on s.id = r.session_id
    where r.session_id = %(session_id)s and (%(room_id)s::bigint is null or r.id = %(room_id)s) and r.stopped is not null
        and (%(at)s::timestamptz is null or (r.stopped->>'at')::timestamptz = %(at)s)
    for update of r
), counted as (
    update opened_step o set stood_still = o.stood_still + stood.time from stood
    where o.room_id = stood.id and o.position = stood.position
)
update room set deadline = deadline + stood.time, began = began + stood.time from stood where room.id = stood.id

-- name: retry
update room set stopped = null
where session_id = %(session_id)s and stopped is not null and (%(room_id)s::bigint is null or id = %(room_id)s)
    and (%(at)s::timestamptz is null or (stopped->>'at')::timestamptz = %(at)s)
returning id

-- name: retry_seating
update lobby set stopped = null, due_at = now()
where session_id = %(session_id)s and stopped is not null
    and (%(at)s::timestamptz is null or (stopped->>'at')::timestamptz = %(at)s)
returning session_id
