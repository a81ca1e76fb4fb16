-- name: gatherings_of
select g.id as gathering_id, g.kind, g.number, g.reason, g.bots,
    extract(epoch from g.deadline - (select clock_timestamp()))::float8 as left, a.player_id, a.seat,
    extract(epoch from (select clock_timestamp()) - a.ready_at)::float8 as ready
from gathering g join asked a on a.gathering_id = g.id where g.session_id = %(session_id)s order by g.id, a.player_id

-- name: say_ready
update asked set ready_at = clock_timestamp() where player_id = any(%(player_ids)s) and ready_at is null

-- name: gather
insert into gathering (session_id, kind, number, reason, bots, deadline)
select %(session_id)s, kind, number, reason, coalesce(string_to_array(nullif(bots, ''), ','), '{}'),
    clock_timestamp() + make_interval(secs => %(secs)s)
from unnest(%(kinds)s::text[], %(numbers)s::int[], %(reasons)s::text[], %(bots)s::text[]) with ordinality as g(kind, number, reason, bots, nth)
order by nth returning id

-- name: ask
insert into asked (player_id, gathering_id, seat, ready_at)
select player_id, gathering_id, seat, clock_timestamp() - make_interval(secs => ready)
from unnest(%(players)s::bigint[], %(gatherings)s::bigint[], %(seats)s::text[], %(ready)s::float8[])
    as a(player_id, gathering_id, seat, ready)

-- name: put_last
update player set queued_at = clock_timestamp() where id = any(%(player_ids)s) and status = 'waiting'

-- name: end_asking
delete from asked where gathering_id = any(%(ids)s)

-- name: end_gatherings
delete from gathering where id = any(%(ids)s)
