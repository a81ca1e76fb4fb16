-- name: put_figures
insert into process (id, seen_at, figures) values (%(id)s, now(), %(figures)s)
on conflict (id) do update set seen_at = excluded.seen_at, figures = excluded.figures
returning clock_timestamp()

-- name: remove_process
delete from process where id = %(id)s or seen_at < now() - interval '1 hour'

-- name: figures
select id, figures from process where seen_at > now() - interval '4 seconds' order by id

-- name: surroundings
-- Processes that have stopped writing and did not say goodbye; and the connections that anybody may still take.
select (
        select count(*)::integer from process
        where seen_at between now() - interval '2 minutes' and now() - interval '4 seconds'
    ) as gone,
    (current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer
        - (select count(*) from pg_stat_activity where backend_type = 'client backend'))::integer as connections_free

-- name: data_folder
-- No row for an account that may not know it.
select setting from pg_settings where name = 'data_directory'

-- name: put_acknowledged
insert into acknowledged (session_id, process, began, records)
select session_id, %(process)s, %(began)s, records
from unnest(%(sessions)s::text[], %(records)s::bigint[]) as a(session_id, records)
on conflict (session_id, process, began) do update set records = excluded.records
