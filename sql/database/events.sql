-- name: events_after
select e.log_id, e.seq, e.name, e.player_id, e.data, e.at
from unnest(%(logs)s::bigint[], %(seqs)s::bigint[]) as seen(log_id, seq)
cross join lateral (
    select event.log_id, event.seq, event.name, event.player_id, event.data, event.at
    from event where event.log_id = seen.log_id and event.seq > seen.seq
    order by event.seq limit %(most)s
) e
order by e.log_id, e.seq
