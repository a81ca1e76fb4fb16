-- name: invited
select id, label, type, token_hash from player
where session_id = %(session_id)s and erased_at is null and by_door is null
    and (%(numbers)s::bigint[] is null or id = any(%(numbers)s)) order by id
