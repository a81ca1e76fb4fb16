-- name: wave_of
select from_session_id as session_id, from_outcomes as outcomes from session
where id = %(session_id)s and from_session_id is not null

-- name: set_wave
update session set from_session_id = %(from_session_id)s, from_outcomes = %(outcomes)s where id = %(session_id)s

-- name: who_is_through
-- Out of that session by one of these outcomes. `erased`: nobody knows any more who they are. `again`: they are in the
-- later session already.
select p.id, p.label, p.type, p.by_door is not null as by_door,
    p.door_id is not null and not starts_with(p.door_id, %(of_browser)s) as has_id, p.erased_at is not null as erased,
    exists (select from earlier e where e.earlier_id = p.id and e.session_id = %(later_id)s) as again
from player p
where p.session_id = %(session_id)s and p.status in ('finished', 'left') and p.outcome = any(%(outcomes)s) order by p.id

-- name: outcomes_there
select outcome, count(*) from player where session_id = %(session_id)s and outcome is not null group by outcome
order by count(*) desc, outcome

-- name: known_at_door
-- Who came by the link for everybody into the session before, by these ids, and is through.
select p.door_id, p.id, p.label, p.type from session s join player p on p.session_id = s.from_session_id
where s.id = %(session_id)s and p.door_id = any(%(ids)s) and not starts_with(p.door_id, %(of_browser)s)
    and p.status in ('finished', 'left') and p.outcome = any(s.from_outcomes) and p.erased_at is null
for key share of p

-- name: was
select p.session_id, p.id from earlier e join player p on p.id = e.earlier_id where e.player_id = %(player_id)s

-- name: goes_on_in
-- Later sessions, with who of these people is in each. `inside`: in the lobby, or in a room that still plays, whoever left.
select s.id, s.name, count(*) as people,
    count(*) filter (where p.status not in ('invited', 'finished', 'left') or r.status = 'playing') as inside
from earlier e join player p on p.id = e.player_id join session s on s.id = e.session_id left join room r on r.id = p.room_id
where e.earlier_id = any(%(player_ids)s) group by s.id order by s.opened_at, s.id
