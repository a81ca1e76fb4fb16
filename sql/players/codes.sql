-- name: secret
select key from secret
