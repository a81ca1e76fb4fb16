-- name: earn
-- Of a slot that nobody plays in any more, nobody earns. The same again changes nothing.
insert into earning (session_id, player_id, room_id, position, amount, reason)
select p.session_id, p.id, p.room_id, e.position, e.amount, e.reason
from unnest(%(rooms)s::bigint[], %(positions)s::int[], %(reasons)s::text[], %(slots)s::int[], %(amounts)s::numeric[])
    as e(room_id, position, reason, slot, amount)
join player p on p.room_id = e.room_id and p.slot = e.slot and p.status = 'playing'
order by p.id
on conflict on constraint one_earning_per_reason do nothing

-- name: earn_alone
-- By a solo step, by whoever still goes through it.
insert into earning (session_id, player_id, room_id, position, amount, reason)
select p.session_id, p.id, r.id, e.position, e.amount, e.reason
from unnest(%(rooms)s::bigint[], %(positions)s::int[], %(reasons)s::text[], %(slots)s::int[], %(amounts)s::numeric[])
    as e(room_id, position, reason, slot, amount)
join room r on r.id = e.room_id join player p on p.id = r.player_id and p.status = r.during
where e.slot = 1
order by p.id
on conflict on constraint one_earning_per_reason do nothing

-- name: earned_in
-- Whoever sits there now has, and whoever sat there before; in a solo part the one who is there.
select r.id, p.slot, sum(e.amount) as earned
from room r cross join lateral (
    select id, slot from player where room_id = r.id and r.player_id is null
    union all select r.player_id, 1 where r.player_id is not null
) p join earning e on e.player_id = p.id and e.room_id = r.id
where r.id = any(%(room_ids)s) group by r.id, p.slot

-- name: earnings_of
select position, amount, reason, at from earning where player_id = %(player_id)s order by id

-- name: earnings_of_all
select player_id, position, amount, reason, at from earning where player_id = any(%(player_ids)s) order by id
