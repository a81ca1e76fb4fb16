-- name: to_answer
-- Rooms in which a bot has yet to say something at the open step, and at which position they are. Somebody who answered
-- and then left has said it.
select r.id, r.position from room r join session s on s.id = r.session_id
where r.session_id = %(session_id)s and r.status = 'playing' and s.status = 'running' and r.stopped is null
    and not r.opening and r.step = any(%(steps)s) and exists (
        select from slot b where b.room_id = r.id and b.bot and (r.asked is null or b.slot = any(r.asked)) and not exists (
            select from result x where x.room_id = r.id and x.position = r.position and x.slot = b.slot and x.made_by = 'bot'
        ) and not exists (
            select from record a join player p on p.id = a.player_id
            where a.room_id = r.id and a.round = r.round and a.step = r.step and p.slot = b.slot and not a.late
        )
    )
order by r.id

-- name: bots_in
-- Those that the open step asks, and the position of the room that they are in.
select b.slot, r.position from slot b join room r on r.id = b.room_id
where r.id = %(room_id)s and b.bot and r.status = 'playing' and r.stopped is null and not r.opening
    and (r.asked is null or b.slot = any(r.asked))
order by b.slot

-- name: with_bots
select distinct room_id from slot where room_id = any(%(room_ids)s) and bot

-- name: lock_room
-- Unless another process has it in its hands, which then lets its bots answer, too.
select id from room where id = %(room_id)s and status = 'playing' for update skip locked
