-- name: tell
-- Whoever could write a message there now, to those who would read it: as with `store_messages` of messages.
select tell_typing(log.id, p.slot, room.position, g.channel, g.to_slot, g.at, may.readers)
from unnest(
    %(players)s::bigint[], %(rooms)s::bigint[], %(positions)s::int[], %(to_slots)s::int[], %(channels)s::text[],
    %(among)s::jsonb[], %(of)s::text[], %(all_read)s::boolean[], %(at)s::timestamptz[]
) as g(player_id, room_id, position, to_slot, channel, among, "of", all_read, at)
join player p on p.id = g.player_id and p.room_id = g.room_id and p.status = 'playing'
join room on room.id = g.room_id and room.status = 'playing' and room.position = g.position and not room.opening
    and (room.asked is null or p.slot = any(room.asked))
join session s on s.id = room.session_id and s.status <> 'closed'
join log on log.room_id = room.id
cross join lateral (
    select who_reads(room.id, room.position, room.asked, p.slot, g.to_slot, g."of", g.among, g.all_read) as readers offset 0
) may
where (g.to_slot is null or g.to_slot <> p.slot and g.to_slot = any(may.readers))
    and (g."of" <> 'direct' or g.to_slot is not null) and is_among(room.id, room.position, p.slot, g.among)
