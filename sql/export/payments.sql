-- name: accounts
-- Everybody who came, with what they earned.
select p.token_hash, p.id, p.session_id, p.label, p.type, p.status::text, p.room_id, p.slot, p.signed_in_at,
    p.waiting_since, p.seated_at, p.finished_at, p.outcome, p.code, s.status::text as session_status,
    p.queued_from, p.waited_until, p.entry, p.given, p.door_id, p.erased_at is not null as erased, r.name as room, e.positions,
    e.amounts, e.reasons, e.times
from player p join session s on s.id = p.session_id left join room r on r.id = p.room_id and r.session_id = %(session_id)s
left join (
    select player_id, array_agg(position order by id) as positions, array_agg(amount order by id) as amounts,
        array_agg(reason order by id) as reasons, array_agg(at order by id) as times
    from earning where session_id = %(session_id)s group by player_id
) e on e.player_id = p.id
where p.session_id = %(session_id)s and p.signed_in_at is not null
order by p.id
