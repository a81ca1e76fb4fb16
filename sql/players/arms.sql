-- name: undrawn
select id, type from player
where id = any(%(player_ids)s) and drawn is null and status in ('before', 'waiting', 'after') order by id

-- name: seed
select seed from session where id = %(session_id)s

-- name: drawn_before
select count(*)::integer from player where session_id = %(session_id)s and drawn is not null

-- name: drawn_by_type
-- As they came. Of another type by a researcher's hand is only who had come already: see sql/export/recounts.sql.
with retyped as (
    select distinct on (e.player_id) e.player_id, e.data->>'from' as type
    from log l join event e on e.log_id = l.id and e.name = 'player_retyped'
    where l.session_id = %(session_id)s and l.room_id is null order by e.player_id, e.seq
)
select coalesce(r.type, p.type), count(*)::integer from player p left join retyped r on r.player_id = p.id
where p.session_id = %(session_id)s and p.drawn is not null group by 1

-- name: put_drawn
update player set drawn = g.nth, treatment = player.treatment || g.treatment
from unnest(%(player_ids)s::bigint[], %(numbers)s::integer[], %(treatments)s::jsonb[]) as g(id, nth, treatment)
where player.id = g.id
