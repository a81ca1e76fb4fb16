-- name: types
select type, count(*)::integer from player where session_id = %(session_id)s group by type order by type
