-- name: settings
select current_setting('server_version_num')::integer / 10000 as version,
    current_setting('fsync')::boolean as fsync, current_setting('full_page_writes')::boolean as full_page_writes,
    least(
        current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer
            - coalesce(current_setting('reserved_connections', true), '0')::integer,
        nullif(r.rolconnlimit, -1), nullif(d.datconnlimit, -1)
    ) as connections,
    (
        -- A role that is no superuser is not told the type of others' backends; those of Postgres have no user or database.
        select count(*)::integer from pg_stat_activity
        where datid is not null and usesysid is not null
            and coalesce(backend_type, 'client backend') = 'client backend'
            and application_name not like 'networklab %%'
    ) as taken,
    pg_size_bytes(current_setting('shared_buffers')) as shared_buffers,
    pg_size_bytes(current_setting('max_wal_size')) as max_wal_size,
    current_setting('synchronous_standby_names') as standbys,
    (select count(*)::integer from pg_stat_replication where sync_state in ('sync', 'quorum')) as in_step,
    current_setting('archive_mode') <> 'off' and coalesce(
        (select last_failed_time > coalesce(last_archived_time, '-infinity') from pg_stat_archiver), false
    ) as archive_fails,
    r.rolsuper as superuser,
    to_regclass('public.migration') is not null as migrated,
    clock_timestamp() as now
from pg_roles r, pg_database d
where r.rolname = current_user and d.datname = current_database()

-- name: schema
select max(name) from migration where name not like 'triggers %%'
