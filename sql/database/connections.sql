-- name: timeline
-- Which cluster this is, the same for a primary and its standbys, and how often it was promoted, from 1. By the
-- log that is written now: the control file learns of a promotion only at the next checkpoint.
select system_identifier::text,
    ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::integer as timeline, pg_backend_pid()
from pg_control_system()

-- name: backend
select pg_backend_pid()
