-- name: lock_door
-- One at a time for a session: who is let in is counted first. Second in the lock order would be the lobby, but that
-- one is held for as long as a seating takes.
select status <> 'closed' as is_open from session where id = %(session_id)s for no key update

-- name: invited
select id from player where id = any(%(player_ids)s) and status = 'invited' order by id for update

-- name: taken
-- Whoever left without ever sitting down has given the place back.
select q.nth, count(*)::integer as players from player p cross join unnest(p.quotas) as q(nth)
where p.session_id = %(session_id)s and (p.status in ('before', 'waiting', 'after', 'finished') or p.room_id is not null)
group by q.nth

-- name: let_in
-- Whoever waited in line before has read what stood above the form then.
update player set status = %(begins)s::player_status, entry = g.entry, quotas = g.quotas::int[],
    entry_page = coalesce(player.entry_page, %(page)s),
    signed_in_at = clock_timestamp(), waiting_since = case when %(begins)s::player_status = 'waiting' then clock_timestamp() end
from unnest(%(player_ids)s::bigint[], %(entries)s::jsonb[], %(quotas)s::text[]) as g(id, entry, quotas)
where player.id = g.id

-- name: turn_away
-- Logged at once: no seating follows for them.
update player set status = 'left', entry = g.entry, quotas = g.quotas::int[], entry_page = %(page)s, arrival_logged = true,
    signed_in_at = c.now, waiting_since = c.now, finished_at = c.now, outcome = 'full', code = %(code)s
from unnest(%(player_ids)s::bigint[], %(entries)s::jsonb[], %(quotas)s::text[]) as g(id, entry, quotas)
cross join (select clock_timestamp() as now) c
where player.id = g.id
