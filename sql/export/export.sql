-- name: set_up
-- No nested loops: a session that has just ended has no statistics yet, and the planner then joins two
-- million rows by comparing each with each.
select set_config('enable_nestloop', 'off', true), set_config('jit', 'off', true),
    set_config('work_mem', '64MB', true), set_config('statement_timeout', '0', true),
    set_config('idle_in_transaction_session_timeout', '0', true)

-- name: session
select id, name, status::text, seed, study_sha256, opened_at, started_at, closed_at, now() as exported_at,
    (select coalesce(sum(records), 0)::bigint from log where session_id = session.id) as acknowledged_records,
    (select coalesce(sum(messages), 0)::bigint from log where session_id = session.id) as acknowledged_messages,
    (select count(*) from record where session_id = session.id) as stored_records,
    (select count(*) from message where session_id = session.id) as stored_messages, from_session_id, from_outcomes
from session where id = %(session_id)s

-- name: database_size
select pg_database_size(current_database())

-- name: labels
select id, label from player where session_id = %(session_id)s order by id

-- name: seals
select digest, iso(at), came, records, document from seal where session_id = %(session_id)s order by id

-- name: mended
select path, before from mended where session_id = %(session_id)s order by at
