-- name: asks
-- Whose form is to be judged, which is not stored yet: their slot, and how it ended for whoever is after the room.
select case when room.player_id is null then p.slot else 1 end, coalesce(p.outcome, 'complete')
from player p join room on room.id = %(room_id)s and (room.id = p.room_id or room.player_id = p.id)
where p.id = %(player_id)s and p.status = room.during and room.status = 'playing'
    and not exists (select from record r where r.form = %(form)s::uuid)
