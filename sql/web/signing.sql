-- name: read_keys
select key as secret, extract(epoch from renewed_at)::float8 as renewed_at from secret
