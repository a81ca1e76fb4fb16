-- name: rooms_made
select kind, count(*)::integer as made from room where session_id = %(session_id)s and during = 'playing' group by kind

-- name: view
-- A room with its seats and the ties that hold, in one statement: so they are of one moment. Of a slot that a bot has had
-- from the start there is no player. A solo part has one seat, and nobody else ever takes it.
select r.id, r.session_id, r.name, r.kind, r.status::text, r.position, r.step, r.round, last.step, last.round, r.deadline,
    r.outcome, r.opening, r.stopped is not null, s.status::text, s.paused_at, l.id, l.last_seq, sl.id, sl.last_seq,
    r.treatment, r.during::text, r.player_id, l.messages,
    exists (select from move m where m.room_id = r.id and m.position = r.position), r.began,
    (
        select coalesce(json_agg(json_build_array(
            g.slot, g.alias, g.type, g.player_id, g.status, exists (
                select from record a where a.room_id = r.id and a.round = last.round and a.step = last.step
                    and a.player_id = g.player_id and not a.late
            ), r.asked is null or g.slot = any(r.asked), g.nudged, g.bot, g.refilled
        ) order by g.slot), '[]')
        from (
            select s.slot, s.alias, s.type, p.id as player_id, coalesce(p.status::text, 'bot') as status,
                p.nudged_at is not null as nudged, s.bot, exists (
                    select from player q
                    where q.room_id = s.room_id and q.slot = s.slot and q.replaced and q.followed_by = 'smaller'
                ) as refilled
            from slot s left join player p on p.room_id = s.room_id and p.slot = s.slot and not p.replaced
            where s.room_id = r.id and (p.id is not null or s.bot)
            union all
            select 1, '', p.type, p.id, case when p.status = r.during then 'playing' else p.status::text end,
                false, false, false
            from player p where p.id = r.player_id
        ) g
    ) as seats,
    (
        select coalesce(json_agg(json_build_array(t.from_slot, t.to_slot, t.weight) order by t.from_slot, t.to_slot), '[]')
        from tie t where t.room_id = r.id and t.position = network_at(r.id, r.position)
    ) as ties
from room r join session s on s.id = r.session_id join log l on l.room_id = r.id
join log sl on sl.session_id = r.session_id and sl.room_id is null
cross join lateral (select coalesce(r.last_step, r.step) as step, coalesce(r.last_round, r.round) as round) last
where r.id = %(room_id)s

-- name: seq_of
select last_seq from log where room_id = %(room_id)s

-- name: sessions_to_look_at
select distinct r.session_id from room r join session s on s.id = r.session_id
where r.status = 'playing' and (s.status = 'running' or r.during <> 'playing' and s.status = 'open') and r.stopped is null
    and (r.deadline <= clock_timestamp() or r.opening or %(all)s or r.ends_when_answered and r.id = any(%(hinted)s))
order by r.session_id

-- name: claim_due_rooms
-- Where all are waited for, the first who has not answered says no: of a thousand the others are not looked at.
-- Due: past its deadline, about to open, or one that ends when answered in which enough of those who play and are
-- asked have answered, or none is left. Not one that a hook has stopped. A solo part doesn't wait for the session's start.
select r.id, r.session_id, r.position, r.opening, r.asked, p.outcome,
    r.player_id is not null and not r.opening and r.deadline <= clock_timestamp() and not exists (
        select from record a where a.room_id = r.id and a.round = r.round and a.step = r.step and not a.late
    ) as silent,
    not exists (select from player p where p.room_id = r.id and p.status = 'playing')
        and (p.id is null or p.status <> r.during) as deserted
from room r join session s on s.id = r.session_id left join player p on p.id = r.player_id
where r.session_id = %(session_id)s and r.status = 'playing' and r.stopped is null
    and (s.status = 'running' or r.during <> 'playing' and s.status = 'open')
    and (%(only)s::bigint is null or r.id = %(only)s) and r.during::text = any(%(during)s) and r.id <> all(%(but)s) and (
    r.deadline <= clock_timestamp() or r.opening
    or (%(all)s or r.id = any(%(hinted)s)) and case when r.player_id is not null then exists (
        select from record a where a.room_id = r.id and a.round = r.round and a.step = r.step and not a.late
    ) or p.status <> r.during else not exists (
        select from player q
        where q.room_id = r.id and q.status = 'playing' and (r.asked is null or q.slot = any(r.asked))
    ) or r.ends_when_answered and case when r.wait_share = 1 then not exists (
        select from player q
        where q.room_id = r.id and q.status = 'playing' and (r.asked is null or q.slot = any(r.asked)) and not exists (
            select from record a where a.room_id = r.id and a.round = coalesce(r.last_round, r.round)
                and a.step = coalesce(r.last_step, r.step) and a.player_id = q.id and not a.late offset 0
        )
    ) else (
        select count(*) filter (where exists (
            select from record a where a.room_id = r.id and a.round = coalesce(r.last_round, r.round)
                and a.step = coalesce(r.last_step, r.step) and a.player_id = q.id and not a.late
        )) >= ceil(r.wait_share * count(*))
        from player q
        where q.room_id = r.id and q.status = 'playing' and (r.asked is null or q.slot = any(r.asked))
    ) end end
)
order by r.id limit %(most)s for update of r skip locked

-- name: advance_rooms
update room set position = n.position, step = n.step, round = n.round, asked = n.asked, opening = false,
    ends_when_answered = n.ends_when_answered, wait_share = n.wait_share, pages = n.pages, last_step = n.last_step,
    last_round = n.last_round, deadline = clock_timestamp() + make_interval(secs => n.secs),
    began = case when n.ticks then clock_timestamp() end
from jsonb_to_recordset(%(moves)s) as n(id bigint, position int, step text, round int, secs float8, ticks boolean,
    asked int[], ends_when_answered boolean, wait_share numeric, pages text[], last_step text, last_round int)
where room.id = n.id

-- name: lock_room
select id from room where id = %(room_id)s for update
