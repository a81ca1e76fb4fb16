-- name: line_up
-- Whoever was in line before, and is again, is behind those who are.
update player set entry = g.entry, quotas = g.quotas::int[], entry_page = %(page)s, in_line_since = c.now,
    in_line_until = c.now + make_interval(secs => %(seconds)s)
from unnest(%(player_ids)s::bigint[], %(entries)s::jsonb[], %(quotas)s::text[]) as g(id, entry, quotas)
cross join (select clock_timestamp() as now) c
where player.id = g.id and player.status = 'invited' and player.in_line_until is null

-- name: lock_line
select id as player_id, entry, in_line_since as since,
    in_line_until <= clock_timestamp() and (select status <> 'paused' from session where id = %(session_id)s) as is_overdue,
    in_line_since > clock_timestamp() - make_interval(secs => %(just)s) or exists (
        select from connected c where c.session_id = player.session_id and c.player_id = player.id
    ) as is_there
from player where session_id = %(session_id)s and status = 'invited' and in_line_until is not null order by id for update

-- name: leave_line
-- Logged at once: no seating follows for them.
update player set status = 'left', arrival_logged = true, signed_in_at = c.now, waiting_since = c.now, finished_at = c.now,
    outcome = %(outcome)s, code = %(code)s
from (select clock_timestamp() as now) c
where id = any(%(player_ids)s) and status = 'invited' and in_line_until is not null

-- name: order
select id from player where session_id = %(session_id)s and status = 'invited' and in_line_until is not null
order by in_line_since, id

-- name: lines
select p.session_id, s.status = 'closed' or s.status <> 'paused' and min(p.in_line_until) <= clock_timestamp() as is_due,
    bool_or(c.player_id is not null or p.in_line_since > clock_timestamp() - make_interval(secs => %(just)s)) as are_there
from player p join session s on s.id = p.session_id
left join connected c on c.session_id = p.session_id and c.player_id = p.id
where p.status = 'invited' and p.in_line_until is not null group by p.session_id, s.status order by p.session_id

-- name: shift_line
-- Who came during the pause has waited only since then. Locked by their numbers, as by whoever lets them in.
with line as (
    select id from player where session_id = %(session_id)s and status = 'invited' and in_line_until is not null
    order by id for update
)
update player set in_line_until = in_line_until + (%(until)s - greatest(in_line_since, %(since)s))
from line where player.id = line.id
