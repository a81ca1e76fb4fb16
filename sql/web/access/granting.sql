-- name: observes
select observes from account where name = %(name)s
