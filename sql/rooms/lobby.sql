-- name: lock
-- Whoever seats people, takes them out of the lobby or changes the session's status holds this row: one at a
-- time for a session. Read the status in a statement of its own: this one sees it as it was before the wait.
select session_id from lobby where session_id = %(session_id)s for update

-- name: lock_if_free
select session_id from lobby where session_id = %(session_id)s for update skip locked

-- name: session_now
select s.id, s.seed, s.status::text, coalesce(l.due_at > clock_timestamp(), false) as nobody_is_due
from session s join lobby l on l.session_id = s.id
where s.id = %(session_id)s

-- name: waiting
-- Nobody else takes these people out of the lobby: whoever does holds its row, as this transaction does.
-- clock_timestamp(), not now(): this transaction may have waited for the lobby's lock. Read once: with a clock
-- of its own, who is looked at later would seem to have waited longer.
-- There is who gave a sign within the time that the study asks for; all are, where it asks for none or nobody listens.
-- Before a start that is known, nobody has waited for it yet: less than nothing.
select p.id as player_id, p.type, extract(epoch from (select clock_timestamp())
        - greatest(p.waiting_since, case when s.status = 'open' then s.start_at end))::float8 as waited,
    p.arrival_logged as logged, extract(epoch from p.standby_until - (select clock_timestamp()))::float8 as stands_by,
    extract(epoch from (select clock_timestamp()) - coalesce(p.queued_at, p.queued_from, p.signed_in_at))::float8 as queued,
    coalesce(greatest(g.at, p.signed_in_at, p.queued_from, h.since) + make_interval(secs => %(present)s) > h.until, true) as present
from player p join session s on s.id = p.session_id left join sign g on g.player_id = p.id cross join listening h
where p.session_id = %(session_id)s and p.status = 'waiting'
order by p.id

-- name: set_due
update lobby set due_at = clock_timestamp() + make_interval(secs => %(secs)s)
where session_id = %(session_id)s

-- name: due_lobbies
-- Due, too: somebody signed in and the process died before the seating that belongs to it. Who came as the session was
-- being closed is sent home by that; of those that were closed long ago nothing is left to be looked at.
select l.session_id from lobby l join session s on s.id = l.session_id
where s.status <> 'paused' and (l.due_at <= clock_timestamp() or %(everywhere)s and coalesce(s.closed_at > clock_timestamp() - interval '1 hour', true) and exists (
    select from player p where p.session_id = l.session_id and p.status = 'waiting' and not p.arrival_logged
        and coalesce(p.queued_from, p.signed_in_at) < clock_timestamp() - interval '3 seconds'
))
order by l.session_id

-- name: waiting_by_type
select p.type, count(*)::integer as waiting
from player p left join sign g on g.player_id = p.id cross join listening h
where p.session_id = %(session_id)s and p.status = 'waiting' and p.standby_until is null
    and not exists (select from asked a where a.player_id = p.id)
    and coalesce(greatest(g.at, p.signed_in_at, p.queued_from, h.since) + make_interval(secs => %(present)s) > h.until, true)
group by p.type

-- name: look_again
update lobby set due_at = now() where session_id = %(session_id)s

-- name: look_soon
update lobby set due_at = clock_timestamp() where session_id = %(session_id)s
    and exists (select from gathering g where g.session_id = lobby.session_id)

-- name: stand_by
update player set standby_until = clock_timestamp() + make_interval(secs => %(secs)s)
where id = any(%(player_ids)s) and status = 'waiting'

-- name: seats_being_played
-- Which types of slots there are in rooms that go on, of those that somebody has or had.
select distinct s.type from room r join slot s on s.room_id = r.id
where r.session_id = %(session_id)s and r.status = 'playing'
    and exists (select from player p where p.room_id = s.room_id and p.slot = s.slot)

-- name: session_log
select id, last_seq from log where session_id = %(session_id)s and room_id is null
