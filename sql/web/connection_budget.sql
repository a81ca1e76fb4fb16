-- name: allowance
-- The nearest of three limits; a superuser is bound by none of its role's or the database's.
with role as (select oid, rolsuper, rolconnlimit from pg_roles where rolname = current_user),
    base as (select oid, datconnlimit from pg_database where datname = current_database()),
    taken as (
        -- A role that is no superuser is not told the type of others' backends; those of Postgres have no user or database.
        select a.usesysid, a.datid, application_name like 'networklab %%' as ours from pg_stat_activity a
        where datid is not null and usesysid is not null and pid <> pg_backend_pid()
            and coalesce(backend_type, 'client backend') = 'client backend'
    ),
    limits as (
        select 'max_connections' as name,
            current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer
                - coalesce(current_setting('reserved_connections', true), '0')::integer as most,
            (select count(*) from taken) as taken, (select count(*) from taken where not ours) as by_others
        union all
        select 'role', rolconnlimit, (select count(*) from taken where usesysid = oid),
            (select count(*) from taken where usesysid = oid and not ours)
        from role where rolconnlimit >= 0 and not rolsuper
        union all
        select 'database', datconnlimit, (select count(*) from taken where datid = oid),
            (select count(*) from taken where datid = oid and not ours)
        from base where datconnlimit >= 0 and not (select rolsuper from role)
    )
select name as "limit", most, taken::integer, by_others::integer, current_user::text as role,
    current_database()::text as database,
    current_setting('max_connections')::integer - (select most from limits where name = 'max_connections') as reserved
from limits order by most - taken limit 1
