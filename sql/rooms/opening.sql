-- name: open_rooms
insert into room (session_id, kind, number, reason, seed, treatment, position, step, round, ends_when_answered, wait_share, pages,
    last_step, last_round, opening, deadline, began)
select %(session_id)s, kind, number, reason, seed, treatment, o.position, o.step, o.round, o.ends_when_answered, o.wait_share, o.pages,
    o.last_step, o.last_round, %(opening)s, clock_timestamp() + make_interval(secs => o.secs),
    case when o.ticks and not %(opening)s then clock_timestamp() end
from unnest(%(kinds)s::text[], %(numbers)s::int[], %(reasons)s::text[], %(seeds)s::bigint[], %(treatments)s::jsonb[])
    with ordinality as r(kind, number, reason, seed, treatment, nth)
cross join jsonb_to_record(%(opens)s) as o(position int, step text, round int, secs float8, ticks boolean, ends_when_answered boolean,
    wait_share numeric, pages text[], last_step text, last_round int)
order by nth
returning id, kind, number

-- name: add_slots
insert into slot (session_id, room_id, slot, type, alias, bot, treatment)
select %(session_id)s, room_id, slot, type, alias, bot, treatment
from unnest(%(rooms)s::bigint[], %(slots)s::int[], %(types)s::text[], %(aliases)s::text[], %(bots)s::boolean[],
    %(treatments)s::jsonb[]) as s(room_id, slot, type, alias, bot, treatment)

-- name: seat_players
-- Not now(): this transaction may have begun, and waited for the lobby, before some of them came.
update player set status = 'playing', arrival_logged = true, seated_at = (select clock_timestamp()),
    room_id = s.room_id, slot = s.slot, treatment = s.treatment || player.treatment, standby_until = null
from unnest(%(players)s::bigint[], %(rooms)s::bigint[], %(slots)s::int[], %(treatments)s::jsonb[])
    as s(player_id, room_id, slot, treatment)
where player.id = s.player_id and player.status = 'waiting'

-- name: types_of
select id, type from player where id = any(%(player_ids)s)

-- name: seated_by_type
-- How many have sat down. Whoever took a slot over does not count.
select type, count(*)::integer as players from (
    select distinct on (room_id, slot) type from player
    where session_id = %(session_id)s and room_id is not null order by room_id, slot, seated_at
) first group by type
