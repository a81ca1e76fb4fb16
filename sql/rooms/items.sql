-- name: add_items
-- The room is held, so that it does not move on meanwhile; whoever is second at a page adds nothing.
with here as (
    select session_id, id from room
    where id = %(room_id)s and position = %(first)s and status = 'playing' and stopped is null for share
)
insert into result (session_id, room_id, position, step, round, slot, name, value, made_by)
select here.session_id, here.id, %(position)s, %(step)s, %(round)s, %(slot)s, g.name, g.value, g.made_by
from here cross join unnest(%(names)s::text[], %(values)s::text[], %(made_by)s::text[]) as g(name, value, made_by)
on conflict (room_id, position, slot, name) do nothing
