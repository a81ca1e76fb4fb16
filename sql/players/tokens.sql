-- name: server_secret
select key from secret
