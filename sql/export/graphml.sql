-- name: any_ties
select exists (select from tie where session_id = %(session_id)s)

-- name: seats
-- With who has each now, or had it last.
select r.name, r.kind, s.slot, p.id, coalesce(p.type, nullif(s.type, 'any'), '') as type, coalesce(p.treatment, r.treatment || s.treatment) as treatment
from room r join slot s on s.room_id = r.id and s.session_id = %(session_id)s left join player p on p.room_id = s.room_id and p.session_id = %(session_id)s and p.slot = s.slot and not p.replaced
where r.session_id = %(session_id)s and r.during = 'playing' order by r.id, s.slot

-- name: ties
select r.name, t.from_slot, t.to_slot, t.weight, t.position, n.step, n.round
from tie t join room r on r.id = t.room_id and r.session_id = %(session_id)s left join network n on n.room_id = t.room_id and n.session_id = %(session_id)s and n.position = t.position
where t.session_id = %(session_id)s order by t.room_id, t.position, t.from_slot, t.to_slot
