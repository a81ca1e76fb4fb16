-- name: is_handed_over
-- A standby is its primary's copy, in this too.
select from pg_database d join pg_roles r on r.oid = d.datdba
where d.datname = current_database() and (r.rolname = %(role)s or pg_is_in_recovery())

-- name: not_handed_over
-- What the superuser still owns of the server's database, as the words before its name in `alter …`, its schema and
-- its name. Sequences of a table's own columns go with the table.
select case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence' else 'table' end,
    c.oid::regclass::text
from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'S') and c.relowner <> %(role)s::regrole
    and not exists (
        select from pg_depend d
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass
            and d.deptype in ('a', 'i')
    )
union all
select 'routine', p.oid::regprocedure::text
from pg_proc p
where p.pronamespace = 'public'::regnamespace and p.proowner <> %(role)s::regrole
    and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
union all
select 'type', t.oid::regtype::text
from pg_type t
where t.typnamespace = 'public'::regnamespace and t.typtype in ('e', 'd', 'r') and t.typowner <> %(role)s::regrole
union all
select 'database', quote_ident(d.datname)
from pg_database d
where d.datname = current_database() and d.datdba <> %(role)s::regrole

-- name: role_exists
select from pg_roles where rolname = %(role)s
