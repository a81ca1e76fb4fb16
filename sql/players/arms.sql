-- name: undrawn
select id, type from player
where id = any(%(player_ids)s) and drawn is null and status in ('before', 'waiting', 'after') order by id

-- name: seed
select seed from session where id = %(session_id)s

-- name: drawn_by_type
select type, count(*)::integer from player where session_id = %(session_id)s and drawn is not null group by type

-- name: put_drawn
update player set drawn = g.nth, treatment = player.treatment || g.treatment
from unnest(%(player_ids)s::bigint[], %(numbers)s::integer[], %(treatments)s::jsonb[]) as g(id, nth, treatment)
where player.id = g.id
