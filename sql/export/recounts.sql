-- name: seed
select seed from session where id = %(session_id)s

-- name: sitters
-- In the order in which treatments were drawn. Who took a slot over comes after the one who had it; where there never was
-- a player, a bot has had it from the start.
select r.name as room, r.kind, r.number, r.treatment as of_room, s.slot, p.id, coalesce(p.label, 'a bot') as label,
    coalesce(p.type, '') as type, coalesce(p.treatment, s.treatment) as treatment
from room r join slot s on s.room_id = r.id and s.session_id = %(session_id)s left join player p on p.room_id = s.room_id and p.session_id = %(session_id)s and p.slot = s.slot
where r.session_id = %(session_id)s and r.during = 'playing' order by r.id, s.slot, p.seated_at, p.id

-- name: comers
-- In the order in which they came. Of another type by a researcher's hand is only who had come already.
select p.id, p.label, coalesce((
        select e.data->>'from' from log l join event e on e.log_id = l.id and e.player_id = p.id and e.name = 'player_retyped'
        where l.session_id = p.session_id and l.room_id is null order by e.seq limit 1
    ), p.type) as type, p.treatment
from player p where p.session_id = %(session_id)s and p.drawn is not null order by p.drawn

-- name: guests
-- Who found it full left at the very moment at which they came; a researcher may have given them another code since.
select id, label, entry, quotas as counted, erased_at is not null as erased, case when full_then then null else signed_in_at end as came_in,
    case when status = 'left' and room_id is null and not full_then then finished_at end as gave_back
from (
    select *, status = 'left' and room_id is null and finished_at = signed_in_at as full_then from player
    where session_id = %(session_id)s and signed_in_at is not null
) guest
order by id

-- name: screened
-- Whoever is screened out leaves at the very moment at which they come.
select id, label, entry, screens, status = 'left' and room_id is null and finished_at = signed_in_at as was_out
from player where session_id = %(session_id)s and signed_in_at is not null and erased_at is null order by id

-- name: triers
select p.id, p.label, p.entry, p.screens <> '{}' as screened,
    p.status = 'left' and p.room_id is null and p.finished_at = p.signed_in_at as was_out, coalesce(a.attempts, '[]') as attempts
from player p left join (
    select player_id, jsonb_agg(jsonb_build_array(nth, answers, wrong) order by id) as attempts from door_attempt
    where session_id = %(session_id)s group by player_id
) a on a.player_id = p.id
where p.session_id = %(session_id)s and p.erased_at is null and (p.signed_in_at is not null or a.player_id is not null)
order by p.id

-- name: courses
select r.name as room, r.seed, r.outcome is not distinct from 'complete' as is_through, array(
    select position from opened_step o where o.room_id = r.id order by position
) as opened
from room r where r.session_id = %(session_id)s and r.during = 'playing' order by r.id

-- name: pasts
-- Who goes on from whom, of which session.
select e.player_id, e.earlier_id, p.session_id from earlier e join player p on p.id = e.earlier_id
where e.session_id = %(session_id)s order by e.player_id

-- name: files_of
select path, body from study_file where session_id = %(session_id)s
