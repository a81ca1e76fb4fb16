-- name: moment
select clock_timestamp()

-- name: start_session
update session set status = 'running', started_at = %(now)s, waits_from = %(now)s where id = %(id)s

-- name: move_start
update session set start_at = %(start_at)s where id = %(id)s

-- name: call_start_off
update session set start_at = null, waits_from = %(now)s where id = %(id)s

-- name: begin_waits
-- Whoever came before the start has waited only since then.
update player set waiting_since = greatest(waiting_since, %(now)s) where session_id = %(id)s and status = 'waiting'

-- name: due_starts
-- Sessions that are to have started by themselves by now.
select id from session where status = 'open' and start_at <= clock_timestamp() order by id

-- name: pause_session
update session set status = 'paused', paused_at = clock_timestamp() where id = %(id)s

-- name: lock_rooms_of_session
select id from room where session_id = %(id)s and status = 'playing' order by id for update

-- name: shift_rooms
-- What opened during the pause, for somebody who came then, has stood still only since then, by its room's own time, and a
-- step since it opened, where somebody was deciding on its room as the pause began. What a hook has stopped stood still in the
-- pause until that, and gets back what follows as it is tried again. How long an open step stands still is not counted for
-- whoever makes a move there.
with stood as (
    select r.id, r.position, case when %(until)s::timestamptz < %(since)s::timestamptz then %(until)s - %(since)s
        else greatest(interval '0', least(%(until)s, (r.stopped->>'at')::timestamptz)
            - case when r.opened_at > %(since)s then r.opened_at else greatest(o.at, %(since)s) end)
        end as time
    from room r left join opened_step o on o.room_id = r.id and o.position = r.position
    where r.session_id = %(id)s and r.status = 'playing'
), counted as (
    update opened_step o set stood_still = o.stood_still + stood.time from stood
    where o.room_id = stood.id and o.position = stood.position
)
update room set deadline = deadline + stood.time, began = began + stood.time
from stood where room.id = stood.id and stood.time <> interval '0'

-- name: lock_waiting_players
select id from player where session_id = %(id)s and status = 'waiting' order by id for update

-- name: shift_waiting
-- Who signed in during the pause has waited only since then.
update player set waiting_since = waiting_since + (%(until)s - greatest(waiting_since, %(since)s)),
    standby_until = standby_until + (%(until)s - %(since)s)
where session_id = %(id)s and status = 'waiting'

-- name: shift_gatherings
update gathering set deadline = deadline + (%(until)s - %(since)s) where session_id = %(id)s

-- name: resume_session
update session set status = 'running', paused_at = null, resumed_at = %(resumed_at)s where id = %(id)s

-- name: still_after
select count(*)::integer from player where session_id = %(id)s and status = 'after'

-- name: close_session
update session set status = 'closed', paused_at = null, closed_at = clock_timestamp() where id = %(id)s

-- name: lock_room
select id from room where id = %(room_id)s and session_id = %(session_id)s for update

-- name: extend_room
-- A step that was moved on and is still open goes on again.
with extended as (
    update opened_step o set extended = o.extended + make_interval(secs => %(secs)s), moved_on = null from room r
    where r.id = %(room_id)s and r.status = 'playing' and o.room_id = r.id and o.position = r.position
        and o.position = %(position)s and o.extended = make_interval(secs => %(given)s)
    returning o.room_id
)
update room set deadline = deadline + make_interval(secs => %(secs)s) from extended where id = extended.room_id returning id

-- name: end_step
-- A deadline that has passed stays: moves that came before it and are yet to be handled are asked about by that. Those that
-- count put it off to this moment at most.
with moved_on as (
    select r.id, r.position, clock_timestamp() as at from room r
    where r.id = %(room_id)s and r.status = 'playing' and r.stopped is null
), noted as (
    update opened_step o set moved_on = extract(epoch from m.at - o.at - o.stood_still) from moved_on m
    where o.room_id = m.id and o.position = m.position
)
update room set deadline = least(room.deadline, m.at) from moved_on m where room.id = m.id

-- name: retype_player
update player set type = %(type)s where id = %(player_id)s and status = 'waiting'

-- name: issue_code
-- Who never came in is out from now on, with a code.
update player set outcome = %(outcome)s, code = %(code)s, arrival_logged = true,
    status = case when status = 'invited' then 'left' else status end,
    signed_in_at = coalesce(signed_in_at, now()), waiting_since = coalesce(waiting_since, now()),
    finished_at = coalesce(finished_at, now())
where id = %(player_id)s and status in ('invited', 'finished', 'left')
