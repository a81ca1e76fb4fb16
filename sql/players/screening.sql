-- name: turn_away
-- Logged at once: no seating follows for them. Locked by id, as whoever comes in.
with invited as (
    select p.id from player p join session s on s.id = p.session_id
    where p.id = any(%(player_ids)s) and p.status = 'invited' and s.status <> 'closed' order by p.id for update of p
)
update player set status = 'left', entry = g.entry, screens = g.screens::int[], quotas = g.quotas::int[],
    entry_page = %(page)s, arrival_logged = true, signed_in_at = c.now, waiting_since = c.now, finished_at = c.now,
    outcome = g.outcome, code = g.code
from unnest(%(player_ids)s::bigint[], %(outcomes)s::text[], %(codes)s::text[], %(entries)s::jsonb[], %(screens)s::text[],
    %(quotas)s::text[]) as g(id, outcome, code, entry, screens, quotas)
join invited using (id) cross join (select clock_timestamp() as now) c
where player.id = g.id

-- name: forget_attempts
-- Of whoever would not take part nothing is kept that they filled in, neither now nor in an attempt before.
delete from door_attempt a using player p
where a.player_id = p.id and p.id = any(%(player_ids)s) and p.outcome = %(outcome)s and p.entry = '{}'
