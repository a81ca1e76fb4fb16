-- name: earn
-- Of a slot that nobody plays in any more, nobody earns. The same again changes nothing.
insert into earning (session_id, player_id, room_id, position, amount, reason)
select p.session_id, p.id, p.room_id, %(position)s, e.amount, %(reason)s
from unnest(%(slots)s::int[], %(amounts)s::numeric[]) as e(slot, amount)
join player p on p.room_id = %(room_id)s and p.slot = e.slot and p.status = 'playing'
order by p.id
on conflict on constraint one_earning_per_reason do nothing

-- name: earn_alone
-- By a solo step, by whoever still goes through it.
insert into earning (session_id, player_id, room_id, position, amount, reason)
select p.session_id, p.id, r.id, %(position)s, e.amount, %(reason)s
from unnest(%(slots)s::int[], %(amounts)s::numeric[]) as e(slot, amount)
join room r on r.id = %(room_id)s join player p on p.id = r.player_id and p.status = r.during
where e.slot = 1
on conflict on constraint one_earning_per_reason do nothing

-- name: earned_in
-- Whoever sits there now has, and whoever sat there before.
select p.slot, sum(e.amount) as earned from earning e join player p on p.id = e.player_id
where e.room_id = %(room_id)s group by p.slot

-- name: earned_by
select coalesce(sum(amount), 0) from earning where player_id = %(player_id)s

-- name: earnings_of
select position, amount, reason, at from earning where player_id = %(player_id)s order by id

-- name: earnings_of_all
select player_id, position, amount, reason, at from earning where player_id = any(%(player_ids)s) order by id
