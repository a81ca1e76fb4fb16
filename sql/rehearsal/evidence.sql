-- What the database says happened, for the rehearsal to hold its bots' diaries against. Nothing here uses what
-- the pages use: a mistake in their queries must not excuse itself.

-- name: seats
select p.label, p.status::text, p.code, p.room_id, r.name as room, p.slot, p.seated_at, p.finished_at
from player p left join room r on r.id = p.room_id where p.session_id = %(session_id)s

-- name: said
select m.id, m.room_id, m.slot, m.to_slot, m.step, m.position, m.body, m.at, p.label as sender
from message m left join player p on p.id = m.player_id
where m.session_id = %(session_id)s order by m.id

-- name: ties
-- A network without any has one line without slots.
select n.room_id, n.position, t.from_slot, t.to_slot from network n
left join tie t on t.room_id = n.room_id and t.position = n.position
where n.session_id = %(session_id)s
