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
select min(format('%%s.%%s', n.nspname, c.relname))
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname !~ '^(pg_|information_schema$)' and c.relkind in ('r', 'p', 'v', 'm', 'f')
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
    and (n.nspname <> 'public' or to_regclass('public.migration') is null)

-- name: clear
-- The empty tables of a database that was migrated and never used, and what belongs to them.
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
