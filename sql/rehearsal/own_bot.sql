-- name: seat
-- Where somebody plays. Who came by the link for everybody is known by what the link brought.
select p.room_id, p.slot from player p
where p.session_id = %(session_id)s and coalesce(p.door_id, p.label) = %(label)s and p.status = 'playing'
