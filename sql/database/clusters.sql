-- name: be_named
-- The name that it has from now on: another one, where it had that before.
with named as (
    insert into cluster (name) values (%(name)s) on conflict do nothing returning name
)
select name from named union all select name from cluster limit 1

-- name: has_session
select exists (select from session where id = %(id)s)
