-- name: came_of_late
-- By type, of a session that runs: how many have come into the lobby, and within how many seconds. Who came before the
-- start came for the start, and says nothing of how many will come after it.
select p.type, count(*)::integer, extract(epoch from clock_timestamp() - of_late.since)::float8
from session s join player p on p.session_id = s.id
cross join lateral (select greatest(s.started_at, clock_timestamp() - %(of_late)s::interval) as since) of_late
where s.id = %(session_id)s and s.status = 'running'
    and case when %(later)s then p.queued_from else p.signed_in_at end > of_late.since
group by p.type, of_late.since

-- name: on_their_way
select count(*)::integer from player p left join sign g on g.player_id = p.id
where p.session_id = %(session_id)s and p.status = 'before' and (
    greatest(p.signed_in_at, g.at) > clock_timestamp() - %(there)s::interval
    or exists (select from connected c where c.session_id = p.session_id and c.player_id = p.id)
)

-- name: queue
-- Of a session that runs, who waits for a room, in the order in which they are seated; also those who are asked whether
-- they are ready, or are not there just now: they keep their turn.
select p.id, p.type from player p join session s on s.id = p.session_id
where s.id = %(session_id)s and s.status = 'running' and p.status = 'waiting' and p.standby_until is null
order by coalesce(p.queued_at, p.queued_from, p.signed_in_at), p.id
