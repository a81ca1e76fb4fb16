-- name: be_named
-- The name that it has from now on: another one, where it had that before. Its first number stays the one it was given.
with named as (
    insert into cluster as c (name, numbers_from) values (%(name)s, %(numbers_from)s)
    on conflict (one) do update set numbers_from = excluded.numbers_from
        where c.name = excluded.name and c.numbers_from is null
    returning name, numbers_from
)
select name, numbers_from from named union all select name, numbers_from from cluster limit 1

-- name: number_apart
-- Whatever counts in it goes on behind its first number, a table's that came later, too. What was numbered before stays.
select setval(format('%%I.%%I', schemaname, sequencename)::regclass, %(numbers_from)s)
from pg_sequences where schemaname = 'public' and coalesce(last_value, 0) < %(numbers_from)s

-- name: has_session
select exists (select from session where id = %(id)s)
