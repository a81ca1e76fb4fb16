-- name: is_ours
select to_regclass('public.migration') is not null

-- name: schema_of
select max(name) from migration where name not like 'triggers %%'

-- name: size
select pg_database_size(current_database())

-- name: tables
select c.relname from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
order by c.relname

-- name: others_at_work
-- A server, or a command that is not done.
select exists (
    select from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and application_name like 'networklab %%'
)

-- name: not_ours
-- Something that no NetworkLab has made, told as one name; it would be in the way, or be lost.
select min(format('%%s.%%s', found.schema, found.name))
from (
    select c.relnamespace::regnamespace::text as schema, c.relname as name, 'pg_class'::regclass as class, c.oid,
        case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' when 'S' then 'sequence'
            else 'table' end as kind
    from pg_class c where c.relkind in ('r', 'p', 'v', 'm', 'f')
        or c.relkind = 'S' and not exists (
            select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i'))
    union all
    select p.pronamespace::regnamespace::text, p.proname, 'pg_proc'::regclass, p.oid,
        case p.prokind when 'f' then 'function' when 'p' then 'procedure' else 'aggregate' end
    from pg_proc p
    union all
    select t.typnamespace::regnamespace::text, t.typname, 'pg_type'::regclass, t.oid, case t.typtype when 'd' then 'domain' else 'type' end
    from pg_type t where t.typtype in ('e', 'd', 'r')
        or t.typtype = 'c' and exists (select from pg_class c where c.oid = t.typrelid and c.relkind = 'c')
) found
where found.schema !~ '^(pg_|information_schema$)'
    and not exists (select from pg_depend d where d.classid = found.class and d.objid = found.oid and d.deptype = 'e')
    and not (
        found.schema = 'public' and to_regclass('public.migration') is not null
        and format('%%s %%s', found.kind, found.name) = any(%(own)s))

-- name: clear
-- The empty tables of a database that was migrated and never used, and what belongs to them: `not_ours` found nothing else.
do $$
declare
    what text;
begin
    foreach what in array (
        select coalesce(array_agg(format('%s if exists %s cascade', kind, name)), '{}')
        from (
            select case c.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end as kind,
                c.oid::regclass::text as name, c.oid
            from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
            union all
            select 'sequence', c.oid::regclass::text, c.oid
            from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'S'
            union all
            select 'routine', p.oid::regprocedure::text, p.oid
            from pg_proc p where p.pronamespace = 'public'::regnamespace
            union all
            select 'type', t.oid::regtype::text, t.oid
            from pg_type t where t.typnamespace = 'public'::regnamespace and t.typtype in ('e', 'd', 'r')
        ) found
        where not exists (select from pg_depend d where d.objid = found.oid and d.deptype = 'e')
    ) loop
        execute 'drop ' || what;
    end loop;
end $$
