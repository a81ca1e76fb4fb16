-- name: settings
select current_setting('server_version_num')::integer / 10000 as version,
    current_setting('fsync')::boolean as fsync, current_setting('full_page_writes')::boolean as full_page_writes,
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
from pg_roles r where r.rolname = current_user

-- name: schema
select max(name) from migration where name not like 'triggers %%'
