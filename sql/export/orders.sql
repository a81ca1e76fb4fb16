-- name: seeds
select id, seed from player where session_id = %(session_id)s and signed_in_at is not null order by id
