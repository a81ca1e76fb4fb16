-- name: earn
-- Of a slot that nobody plays in any more, nobody earns. The same again changes nothing.
insert into earning (session_id, player_id, room_id, position, amount, reason)
select p.session_id, p.id, p.room_id, %(position)s, e.amount, %(reason)s
from unnest(%(slots)s::int[], %(amounts)s::numeric[]) as e(slot, amount)
join player p on p.room_id = %(room_id)s and p.slot = e.slot and p.status = 'playing'
order by p.id
on conflict on constraint one_earning_per_reason do nothing

-- name: earned_in
-- Whoever sits there now has, and whoever sat there before.
select p.slot, sum(e.amount) as earned from earning e join player p on p.id = e.player_id
where e.room_id = %(room_id)s group by p.slot

-- name: earned_by
select coalesce(sum(amount), 0) from earning where player_id = %(player_id)s

-- name: earnings_of
select position, amount, reason, at from earning where player_id = %(player_id)s order by id

-- name: accounts
-- Everybody who came, with what they earned.
select p.token_hash, p.id, p.session_id, p.label, p.type, p.status::text, p.room_id, p.slot, p.signed_in_at,
    p.waiting_since, p.seated_at, p.finished_at, p.outcome, p.code, s.status::text as session_status,
    p.entry, r.name as room, e.positions, e.amounts, e.reasons, e.times
from player p join session s on s.id = p.session_id left join room r on r.id = p.room_id
left join (
    select player_id, array_agg(position order by id) as positions, array_agg(amount order by id) as amounts,
        array_agg(reason order by id) as reasons, array_agg(at order by id) as times
    from earning where session_id = %(session_id)s group by player_id
) e on e.player_id = p.id
where p.session_id = %(session_id)s and p.signed_in_at is not null
order by p.id
