-- name: standbys_for
-- Who is there and is not asked for a room of their own. A slot of any type takes everybody. Who stands by comes before those who wait for a room of their own. Nobody may take the slot of somebody who was replaced already.
select n.id, n.label, n.type, n.waiting_since
from player p join room r on r.id = p.room_id join slot s on s.room_id = p.room_id and s.slot = p.slot
join player n on n.session_id = p.session_id and n.status = 'waiting' and s.type in ('any', n.type)
left join sign g on g.player_id = n.id cross join listening h
where p.id = %(player_id)s and not p.replaced and r.status = 'playing'
    and not exists (select from asked a where a.player_id = n.id)
    and coalesce(greatest(g.at, n.signed_in_at, n.queued_from, h.since) + make_interval(secs => %(present)s) > h.until, true)
order by n.standby_until is null, coalesce(n.queued_at, n.queued_from, n.signed_in_at), n.id limit 50

-- name: heir_of
select n.label from player p join player n on n.room_id = p.room_id and n.slot = p.slot and n.seated_at > p.seated_at
where p.id = %(player_id)s and n.id = %(newcomer_id)s and p.replaced

-- name: rooms_with_vacancies
-- Rooms that go on smaller, at a step at which who stands by takes a slot that is empty.
select r.id from room r
where r.session_id = %(session_id)s and r.status = 'playing' and r.stopped is null and r.deadline > clock_timestamp()
    and r.step = any(%(steps)s)
    and exists (select from player p where p.room_id = r.id and p.status = 'playing')
    and exists (
        select from player p where p.room_id = r.id and p.status = 'left' and p.followed_by = 'smaller' and not p.replaced
    )

-- name: lock_if_free
-- Who holds one of them may do so for as long as a hook takes, and the whole lobby would wait.
select id from room where id = any(%(room_ids)s) and status = 'playing' and step = any(%(steps)s)
order by id for update skip locked

-- name: vacancies
-- In a statement of its own: what has changed before its rooms were locked is seen. The longest empty first.
select p.id as player_id, s.type
from player p join slot s on s.room_id = p.room_id and s.slot = p.slot
where p.room_id = any(%(room_ids)s) and p.status = 'left' and p.followed_by = 'smaller' and not p.replaced
    and exists (select from player q where q.room_id = p.room_id and q.status = 'playing')
order by p.finished_at, p.id

-- name: give_up_slot
update player set replaced = true where id = %(player_id)s and status = 'left'

-- name: set_bot
update slot set bot = %(bot)s where room_id = %(room_id)s and slot = %(slot)s and bot <> %(bot)s
