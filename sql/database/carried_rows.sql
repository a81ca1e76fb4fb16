-- name: tables
-- Each table with its columns, but for those that follow from others, and those of its key.
select c.relname::text as name,
    array_agg(a.attname::text order by a.attnum) filter (where a.attgenerated = '') as columns,
    array_agg(a.attname::text order by a.attnum) filter (where a.attnum = any(k.conkey)) as key
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_constraint k on k.conrelid = c.oid and k.contype = 'p'
where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
group by c.relname order by c.relname

-- name: references
-- Whose rows must be there before whose, at once.
select o.relname::text, t.relname::text
from pg_constraint k join pg_class o on o.oid = k.conrelid join pg_class t on t.oid = k.confrelid
where k.contype = 'f' and not k.condeferrable and k.conrelid <> k.confrelid

-- name: written_alike
-- A row as text is the same wherever it stands.
select set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO, MDY', true),
    set_config('intervalstyle', 'postgres', true), set_config('bytea_output', 'hex', true),
    set_config('extra_float_digits', '1', true)

-- name: carry
-- Rows that are put here were told of where they were, and who waits for a lock is broken off by nobody's clock.
select set_config('networklab.carrying', 'yes', true), set_config('idle_in_transaction_session_timeout', '0', true),
    set_config('statement_timeout', '0', true)

-- name: check_at_end
set constraints all deferred

-- name: late_wishes
-- Who asked for it there, and not yet here, whatever else has changed here since.
update player p set erase_wanted_at = l.erase_wanted_at from late_player l
where p.id = l.id and l.erase_wanted_at is not null and p.erase_wanted_at is null and p.erased_at is null
