-- What the database says happened, for the rehearsal to hold its bots' diaries against. Nothing here uses what
-- the pages use: a mistake in their queries must not excuse itself.

-- name: seats
-- Who came by the link for everybody is known to the diaries by what the link brought.
select coalesce(p.door_id, p.label) as label, p.type, p.status::text, p.outcome, p.code, p.room_id, r.name as room, p.slot, r.step, r.round,
    p.waiting_since, p.seated_at, coalesce(p.waited_until, p.finished_at)
from player p left join room r on r.id = p.room_id where p.session_id = %(session_id)s

-- name: parts
-- What each went through alone.
select coalesce(p.door_id, p.label), r.id, r.during::text, r.outcome, r.step, r.round, r.opened_at, r.ended_at
from room r join player p on p.id = r.player_id where r.session_id = %(session_id)s

-- name: said
-- With the slots that its step asked, as the log says; null: all.
select m.id, m.room_id, m.slot, m.to_slot, m.step, m.position, coalesce(m.channel, ''), m.body, m.at, coalesce(p.door_id, p.label) as sender, (
    select e.data->'asked' from event e join log l on l.id = e.log_id
    where l.room_id = m.room_id and e.name = 'step_opened' and (e.data->>'position')::integer = m.position
) as asked
from message m left join player p on p.id = m.player_id
where m.session_id = %(session_id)s order by m.id

-- name: inside
-- What tells who is in a channel: of each slot its type, and what it is or a hook says of it, from which position on.
select s.room_id, s.slot, s.type, '' as name, '' as value, 0 as position
from slot s join room r on r.id = s.room_id where r.session_id = %(session_id)s
union all
select room_id, slot, '', name, value, position from result where session_id = %(session_id)s
order by position

-- name: taken
select m.room_id, m.position, m.nth, m.handled_at, coalesce((
    select min(o.at) from opened_step o where o.room_id = m.room_id and o.position > m.position
), r.ended_at)
from move m join room r on r.id = m.room_id where m.session_id = %(session_id)s and m.accepted

-- name: ties
-- A network without any has one line without slots.
select n.room_id, n.position, t.from_slot, t.to_slot from network n
left join tie t on t.room_id = n.room_id and t.position = n.position
where n.session_id = %(session_id)s

-- name: openings
select kind, opened_at from room where session_id = %(session_id)s

-- name: opened
-- What each room had before it, from when to when, and whom it asked (null: all), as the room's log tells.
select room_id, position, asked, at, until from (
    select l.room_id, (e.data->>'position')::integer as position, e.at,
        (select array_agg(slot::integer) from jsonb_array_elements_text(e.data->'asked') slot) as asked,
        lead(e.at) over (partition by e.log_id order by e.seq) as until, e.name
    from event e join log l on l.id = e.log_id
    where l.session_id = %(session_id)s and l.room_id is not null and (
        e.name in ('step_opened', 'room_stopped', 'room_ended')
        or e.name = 'room_opened' and not (e.data->>'opening')::boolean
    )
) steps where name in ('room_opened', 'step_opened')

-- name: answered
select distinct coalesce(p.door_id, p.label), a.step, a.round from record a join player p on p.id = a.player_id
where a.session_id = %(session_id)s and not a.late

-- name: values
select coalesce(p.door_id, p.label), a.step, a.round, a.field, a.value from record a join player p on p.id = a.player_id
where a.session_id = %(session_id)s

-- name: stops
-- Each hook that could not decide, and how many rooms it stopped.
select e.data->>'hook', (e.data->>'line')::integer, e.data->>'sentence',
    case when bool_or(e.name = 'seating_stopped') then 'the seating'
        when count(*) = 1 then min(r.name) else count(*)::text || ' rooms' end
from event e join log l on l.id = e.log_id left join room r on r.id = l.room_id
where l.session_id = %(session_id)s and e.name in ('room_stopped', 'seating_stopped')
group by 1, 2, 3 order by count(*) desc
