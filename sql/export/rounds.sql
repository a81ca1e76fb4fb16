-- name: round_seats
-- Each seat with everybody who ever had it, one after the other; of a solo part whose it is. `left_at`: out of this room
-- before it had ended for all.
select room.id as room_id, room.name, room.kind, room.ended_at, coalesce(s.slot, 1) as slot,
    nullif(s.type, 'any') as asks_for, room.treatment || coalesce(s.treatment, '{}') as drawn, room.player_id is not null as is_solo,
    p.id as player_id, p.type, p.treatment,
    case when room.player_id is null then p.seated_at else room.opened_at end as since,
    case when room.player_id is not null then case when p.status = 'left' and room.during = 'before'
            and p.queued_from is null and p.waited_until is null then least(p.finished_at, room.ended_at) end
        when p.outcome <> 'complete' and p.status <> 'playing' then coalesce(p.waited_until, p.finished_at) end as left_at
from room left join slot s on s.room_id = room.id and s.session_id = %(session_id)s
left join player p on p.session_id = %(session_id)s and (p.room_id = s.room_id and p.slot = s.slot or p.id = room.player_id)
where room.session_id = %(session_id)s order by room.id, slot, p.seated_at, p.id

-- name: round_openings
select room_id, at, pages, asked from opened_step where session_id = %(session_id)s and pages is not null
order by room_id, position

-- name: round_answers
-- What each player said on each page. Of each answer that in time comes last, else the late one, and the newest of them:
-- who reads the object keeps the last.
select room_id, player_id, step, round, bool_or(not late) as in_time, min(at) filter (where not late) as first_at,
    coalesce(max(at) filter (where not late), max(at)) as last_at,
    json_object_agg(field, value order by not late, id) as said
from record where session_id = %(session_id)s group by room_id, player_id, step, round order by room_id

-- name: round_results
select room_id, step, round, slot, json_object_agg(name, json_build_array(value, made_by)) as results
from result where session_id = %(session_id)s group by room_id, step, round, slot order by room_id

-- name: round_earnings
select room_id, player_id, position, sum(amount) as earned
from earning where session_id = %(session_id)s group by room_id, player_id, position order by room_id

-- name: pauses
select e.name, (e.data->>'since')::timestamptz as since, e.at from log l join event e on e.log_id = l.id and e.session_id = l.session_id
where l.session_id = %(session_id)s and l.room_id is null and e.name in ('session_paused', 'session_resumed') order by e.seq
