-- name: people
-- By status and type; and of those who wait, since when the first does.
select status::text, type, count(*)::integer as people, min(waiting_since) as since from player
where session_id = %(session_id)s group by status, type

-- name: turned_away
-- Who did not get past the door, by outcome.
select outcome, count(*)::integer as people from player
where session_id = %(session_id)s and status = 'left' and room_id is null and outcome = any(%(outcomes)s)
group by outcome

-- name: ended
-- How it ended for those who did, the most frequent first.
select outcome, count(*)::integer as people from player
where session_id = %(session_id)s and outcome is not null and not (room_id is null and outcome = any(%(outcomes)s))
group by outcome order by people desc, outcome

-- name: totals
-- The processes' word is read first: what they have told by then is in the logs by now.
select (select coalesce(sum(records), 0)::bigint from acknowledged where session_id = %(session_id)s) as acknowledged,
    coalesce(sum(records), 0)::bigint as records, coalesce(sum(messages), 0)::bigint as messages,
    (select format('hooks.py:%%s, %%s: %%s', stopped->>'line', stopped->>'hook', stopped->>'sentence')
        from lobby where session_id = %(session_id)s and stopped is not null) as seating_stopped,
    (select stopped->>'at' from lobby where session_id = %(session_id)s) as seating_stopped_at,
    (select stopped->>'values' from lobby where session_id = %(session_id)s) as seating_given,
    (select count(*) from asked a join gathering g on g.id = a.gathering_id
        where g.session_id = %(session_id)s)::integer as asked,
    (select count(a.ready_at) from asked a join gathering g on g.id = a.gathering_id
        where g.session_id = %(session_id)s)::integer as ready,
    (select count(distinct b.player_id) from bonus b join payout p on p.id = b.payout_id
        where p.session_id = %(session_id)s and b.state <> 'unpaid')::integer as paid
from log where session_id = %(session_id)s

-- name: pages
select count(*) filter (where p.status <> 'invited' or v.player_id is not null)::integer as opened,
    count(*) filter (where p.status in ('before', 'waiting', 'playing', 'after'))::integer as expected,
    count(*) filter (where p.status in ('before', 'waiting', 'playing', 'after') and c.player_id is not null)::integer as connected,
    count(*) filter (where p.in_line_until is not null and p.status = 'invited' and c.player_id is not null)::integer as in_line
from player p left join visit v on v.player_id = p.id
left join connected c on c.player_id = p.id and c.session_id = p.session_id
where p.session_id = %(session_id)s

-- name: waiters
-- For a room of their own. In a pause nobody waits any longer.
select type, count(*)::integer as people,
    (floor(extract(epoch from coalesce(s.paused_at, clock_timestamp()) - waiting_since) / %(step)s) * %(step)s)::integer as waited
from player p join session s on s.id = p.session_id
where p.session_id = %(session_id)s and p.status = 'waiting' and p.standby_until is null
group by type, waited order by type, waited

-- name: standing
-- A pause moves until when they are paid to stand by, once it ends.
select type, count(*)::integer as people, min(standby_until) as first, max(standby_until) as last from player
where session_id = %(session_id)s and status = 'waiting' and standby_until is not null group by type order by type

-- name: halted
select p.id as player_id, p.label, r.step, r.round from room r join player p on p.id = r.player_id
where r.session_id = %(session_id)s and r.status = 'playing' and r.stopped is not null order by r.id

-- name: room_lines
-- Those in which people are together: what somebody goes through alone is told on their own page.
select r.id, r.name, r.kind, r.number, r.status::text, r.position, r.step, r.round, r.deadline,
    r.stopped is not null as stopped, r.outcome,
    array_agg(coalesce(p.type, nullif(s.type, 'any'), '') order by s.slot) as types,
    array_agg(case
        when s.bot then 'bot'
        when p.status = 'left' then 'left'
        when exists (
            select from record a where a.room_id = r.id and a.round = coalesce(r.last_round, r.round)
                and a.step = coalesce(r.last_step, r.step)
                and a.player_id = p.id and not a.late
        ) then 'answered'
        when p.status = 'playing' and p.nudged_at is not null then 'nudged'
        when p.status = 'playing' and c.player_id is null then 'away'
        when not s.slot = any(r.asked) then 'unasked'
        else 'silent' end order by s.slot) as states,
    count(*) filter (where not s.bot and p.status <> 'left' and (r.asked is null or s.slot = any(r.asked)))::integer as asked
from room r
join slot s on s.room_id = r.id
left join player p on p.room_id = s.room_id and p.slot = s.slot and not p.replaced
left join connected c on c.session_id = p.session_id and c.player_id = p.id
where r.session_id = %(session_id)s and r.during = 'playing' and (%(only)s::bigint[] is null or r.id = any(%(only)s))
group by r.id order by r.id

-- name: room_numbers
select id from room
where session_id = %(session_id)s and during = 'playing' and id > %(after)s
    and (%(status)s = '' or status::text = %(status)s or %(status)s = 'stopped' and stopped is not null)
order by id limit %(most)s

-- name: number_of_room
select id from room where session_id = %(session_id)s and during = 'playing' and name = %(name)s

-- name: faces
-- Asked for only where rooms are few. Words are of whoever wrote them, wherever that person sits now; those of a bot are
-- nobody's. What was erased is empty, and still its author's.
select r.id as room_id, (select array_agg(coalesce(p.label, 'bot') order by s.slot) from slot s
        left join player p on p.room_id = s.room_id and p.slot = s.slot and not p.replaced
        where s.room_id = r.id) as labels,
    left(m.body, 200) as said, case when m.slot = 0 then 'mediator' when m.id is not null then coalesce(p.label, 'bot') end as said_by
from room r
left join lateral (select id, body, slot, player_id from message where room_id = r.id order by id desc limit 1) m on true
left join player p on p.id = m.player_id
where r.session_id = %(session_id)s and r.during = 'playing'

-- name: newest_events
-- Of the session's log, and whose places became empty or were taken over, which their rooms' logs have.
select e.at, e.name, p.label, e.data from (
    (
        select e.at, e.name, e.player_id, e.data, e.seq from log l
        join event e on e.log_id = l.id and e.seq > l.last_seq - 60
        where l.session_id = %(session_id)s and l.room_id is null and e.name <> 'player_placed'
        order by e.seq desc limit 25
    )
    union all
    (
        select e.at, e.name, e.player_id, e.data, null
        from event e join log l on l.id = e.log_id and l.room_id is not null
        where e.session_id = %(session_id)s and e.name in ('player_left', 'player_replaced')
        order by e.at desc limit 25
    )
) e left join player p on p.id = e.player_id
order by e.at desc, e.seq desc nulls first limit 25

-- name: usual_times
-- Medians, in seconds: from the link to signing in, from the lobby to a seat, from there to the end of the room; of solo
-- steps from signing in to the lobby, and from the end of the room to the end.
select (
        select percentile_cont(0.5) within group (order by extract(epoch from p.signed_in_at - v.opened_at))::float8
        from visit v join player p on p.id = v.player_id
        where v.session_id = %(session_id)s and p.signed_in_at > v.opened_at
    ) as filled_in,
    percentile_cont(0.5) within group (order by extract(epoch from seated_at - coalesce(queued_from, signed_in_at)))::float8 as waited,
    (percentile_cont(0.5) within group (order by extract(epoch from coalesce(waited_until, finished_at) - seated_at))
        filter (where status in ('finished', 'after')))::float8 as played,
    percentile_cont(0.5) within group (order by extract(epoch from queued_from - signed_in_at))::float8 as before,
    (percentile_cont(0.5) within group (order by extract(epoch from finished_at - waited_until))
        filter (where status in ('finished', 'left')))::float8 as after
from player where session_id = %(session_id)s and signed_in_at is not null
