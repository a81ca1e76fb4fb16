-- name: waiting
-- The moves of these rooms that are yet to be handled, in their order, where the room is still at their step. In a pause
-- everything stands still, and hooks may be mended. And the rooms at their step: how many moves have been handled there,
-- what the study keeps, and what it has computed. `company` is another as soon as anybody comes or goes, or sees others.
-- One statement: all of one moment.
select w.moves, room.id, room.session_id, room.position, session.study_sha256, coalesce((
        select max(m.nth) from move m where m.room_id = room.id and m.position = room.position
    ), 0) as handled, (
        select m.state from move m where m.room_id = room.id and m.position = room.position and m.state is not null
        order by m.nth desc limit 1
    ) as state, exists (
        select from move m where m.room_id = room.id and m.position = room.position and m.ends
    ) as over, exists (
        select from move m where m.room_id = room.id and m.position = room.position and m.accepted
    ) as begun, extract(epoch from room.deadline - o.at - o.stood_still)::float as until,
    extract(epoch from o.extended)::float as extended, o.moved_on, (
        select coalesce(jsonb_agg(jsonb_build_array(r.slot, r.name, r.value) order by r.slot, r.name), '[]')
        from result r where r.room_id = room.id and r.position = room.position
    ) as said, concat_ws(' ', session.study_sha256, room.position, network_at(room.id, room.position), (
        select string_agg(concat_ws(':', s.slot, s.bot, p.id, p.status, p.erased_at), ' ' order by s.slot)
        from slot s left join player p on p.id = coalesce(room.player_id, (
            select q.id from player q where q.room_id = s.room_id and q.slot = s.slot and not q.replaced))
        where s.room_id = room.id
    )) as company
from room join session on session.id = room.session_id and session.status <> 'paused'
join opened_step o on o.room_id = room.id and o.position = room.position
cross join lateral (
    select jsonb_agg(
        jsonb_build_array(m.record_id, m.player_id, m.slot, m.since::float, coalesce(m.name, r.field), coalesce(m.value, r.value))
        order by m.record_id
    ) as moves
    from move m left join record r on r.id = m.record_id
    where m.room_id = room.id and m.position = room.position and m.nth is null
) w
where room.id = any(%(room_ids)s) and room.status = 'playing' and not room.opening and room.stopped is null
    and w.moves is not null

-- name: company
-- What of a room stays as it is while its step is open and nobody comes or goes. A bot that has had a slot from the start
-- is of the type that the slot asks for. What somebody is holds for the round.
select room.name, room.kind, room.number, room.seed, room.treatment, (
        select coalesce(jsonb_agg(jsonb_build_object(
            'slot', s.slot, 'alias', s.alias, 'type', coalesce(p.type, nullif(s.type, 'any'), ''),
            'plays', coalesce(p.status = room.during, false), 'entry', coalesce(p.entry, '{}'),
            'given', coalesce(p.given, '{}'), 'treatment', coalesce(p.treatment, s.treatment), 'bot', s.bot) order by s.slot), '[]')
        from slot s left join player p on p.id = coalesce(room.player_id, (
            select q.id from player q where q.room_id = s.room_id and q.slot = s.slot and not q.replaced))
        where s.room_id = room.id
    ) as seats, (
        select coalesce(jsonb_agg(jsonb_build_array(t.from_slot, t.to_slot, t.weight) order by t.from_slot, t.to_slot), '[]')
        from tie t where t.room_id = room.id and t.position = network_at(room.id, room.position)
    ) as ties, (
        select coalesce(jsonb_object_agg(t.slot, t.value), '{}') from (
            select distinct on (r.slot) r.slot, r.value from result r
            where r.room_id = room.id and r.name = 'role' and r.position <= room.position
            order by r.slot, r.position desc
        ) t
    ) as roles, (
        select coalesce(jsonb_object_agg(t.slot, t.earned::text), '{}') from (
            select p.slot, sum(e.amount) as earned from player p
            join earning e on e.player_id = p.id and e.room_id = room.id where p.room_id = room.id group by p.slot
        ) t
    ) as earned
from room where room.id = %(room_id)s

-- name: outcomes
select record_id, accepted, sentence, ends from move where record_id = any(%(records)s) and nth is not null

-- name: lock_steps
-- Whoever writes what came of moves does so after whoever was before them here.
select o.room_id from opened_step o
join unnest(%(room_ids)s::bigint[], %(positions)s::int[]) as g(room_id, position)
    on o.room_id = g.room_id and o.position = g.position
order by o.room_id for update of o

-- name: put_outcomes
-- What came of moves, and the newest results, of those rooms alone in which nothing has been handled since `handled` of
-- them were, and which are still at that step. All of a room, or nothing.
with given as (
    select * from unnest(
        %(records)s::bigint[], %(room_ids)s::bigint[], %(positions)s::int[], %(handled)s::int[], %(nths)s::int[],
        %(accepted)s::boolean[], %(sentences)s::text[], %(states)s::text[], %(results)s::text[], %(ends)s::boolean[],
        %(clocks)s::text[]
    ) as g(record_id, room_id, position, handled, nth, accepted, sentence, state, results, ends, clock)
), stands as (
    select g.room_id from (select distinct room_id, position, handled from given) g
    join room on room.id = g.room_id and room.position = g.position and room.status = 'playing' and not room.opening
        and room.stopped is null
    join session s on s.id = room.session_id and s.status <> 'paused'
    where g.handled = coalesce((
        select max(m.nth) from move m where m.room_id = g.room_id and m.position = g.position
    ), 0)
), done as (
    update move m set nth = g.nth, accepted = g.accepted, sentence = g.sentence, state = g.state::jsonb,
        results = g.results::jsonb, ends = g.ends, clock = g.clock, handled_at = clock_timestamp()
    from given g join stands on stands.room_id = g.room_id
    where m.record_id = g.record_id
    returning m.room_id
), computed as (
    insert into result (session_id, room_id, position, step, round, slot, name, value, made_by, version)
    select room.session_id, room.id, room.position, room.step, room.round, c.slot, c.name, c.value, 'move', c.version
    from unnest(
        %(result_rooms)s::bigint[], %(slots)s::int[], %(names)s::text[], %(values)s::text[], %(versions)s::int[]
    ) as c(room_id, slot, name, value, version)
    join stands on stands.room_id = c.room_id join room on room.id = c.room_id
    on conflict (room_id, position, slot, name) do update
    set value = excluded.value, made_by = excluded.made_by, version = result.version + excluded.version,
        at = clock_timestamp()
)
select distinct room_id from done

-- name: hold_rooms
-- Those whose deadlines are about to move, and the others that are written with them.
select id from room where id = any(%(room_ids)s) order by id for no key update

-- name: stay_open
-- Where the deadline moves with each move: from the last one that counted, unless somebody has handled others. It never
-- comes nearer than it was but with the first of them, and no move puts it off that a researcher has set meanwhile by moving
-- the step on, or takes away what one has given it meanwhile.
update room set deadline = d.deadline
from unnest(
    %(room_ids)s::bigint[], %(positions)s::int[], %(nths)s::int[], %(untils)s::float[], %(sooner)s::boolean[], %(extended)s::float[]
) as g(room_id, position, nth, until, sooner, extended)
join opened_step o on o.room_id = g.room_id and o.position = g.position
cross join lateral (
    select o.at + o.stood_still + make_interval(
        secs => least(g.until + extract(epoch from o.extended) - g.extended, o.moved_on)
    ) as deadline
) d
where room.id = g.room_id and room.position = g.position and room.status = 'playing' and room.stopped is null
    and case when g.sooner then d.deadline <> room.deadline else d.deadline > room.deadline end
    and exists (select from move m where m.room_id = g.room_id and m.position = g.position and m.nth = g.nth)
    and not exists (select from move m where m.room_id = g.room_id and m.position = g.position and (m.nth > g.nth or m.ends))

-- name: goes_on
-- Whether the step goes on: moves have put its deadline, which had passed, off again, or some are yet to be handled, since
-- the session was paused after the room had been claimed.
select %(moved)s and room.deadline > clock_timestamp() or exists (
    select from move m where m.room_id = room.id and m.position = room.position and m.nth is null)
from room where room.id = %(room_id)s

-- name: left_over
-- Rooms with moves that nobody has handled, and rooms that a move has ended and whose deadline does not say so: whoever
-- was about to do that has died.
select r.session_id, r.id from room r join session s on s.id = r.session_id
where r.id in (select m.room_id from move m where m.nth is null) and r.status = 'playing' and r.stopped is null
    and not r.opening and s.status not in ('paused', 'closed')
    and exists (
        select from move m left join record a on a.id = m.record_id
        where m.room_id = r.id and m.position = r.position and m.nth is null and coalesce(m.at, a.at) < clock_timestamp() - interval '0.5 s'
    )
union
select r.session_id, r.id from move m join room r on r.id = m.room_id and r.position = m.position
join session s on s.id = r.session_id and s.status <> 'paused'
where m.ends and r.status = 'playing' and r.deadline > clock_timestamp()

-- name: end_step
-- A move has ended it: from now on its deadline has passed.
update room set deadline = clock_timestamp()
where room.id = any(%(room_ids)s) and room.status = 'playing' and room.deadline > clock_timestamp()
    and exists (select from move m where m.room_id = room.id and m.position = room.position and m.ends)

-- name: lock_waiting
-- The room of a move that is yet to be handled; nothing where it is not any more.
select room.id from room join move m on m.room_id = room.id and m.position = room.position
where m.record_id = %(record_id)s and m.nth is null and room.status = 'playing' and room.stopped is null
for update of room
