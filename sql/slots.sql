-- name: standbys_for
-- A slot of any type takes everybody. Who stands by comes before those who wait for a room of their own. Nobody may take the slot of somebody who was replaced already.
select n.id, n.label, n.type, n.waiting_since
from player p join room r on r.id = p.room_id join slot s on s.room_id = p.room_id and s.slot = p.slot
join player n on n.session_id = p.session_id and n.status = 'waiting' and s.type in ('any', n.type)
where p.id = %(player_id)s and not p.replaced and r.status = 'playing'
order by n.standby_until is null, n.waiting_since, n.id limit 50

-- name: give_up_slot
update player set replaced = true where id = %(player_id)s and status = 'left'

-- name: set_bot
update slot set bot = %(bot)s where room_id = %(room_id)s and slot = %(slot)s and bot <> %(bot)s
