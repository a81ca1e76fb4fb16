-- name: store_moves
-- Each is a record of its own, and waits to be handled if it came in time: at a step that was over by then it is only a
-- record, as any answer. `why`: for what reason nothing is stored; `wait`: the seconds until no more of theirs than may
-- come within some seconds have come. Where the deadline moves with each move, one that comes after it waits with those
-- that are yet to be handled: they may have moved it. What is stored is asked for by values, as in rooms/records.sql.
with given as (
    select * from unnest(
        %(players)s::bigint[], %(rooms)s::bigint[], %(positions)s::int[], %(steps)s::text[], %(rounds)s::int[],
        %(names)s::text[], %(values)s::text[], %(forms)s::uuid[], %(goes_on)s::boolean[], %(nth_of_theirs)s::int[]
    ) with ordinality as g(player_id, room_id, position, step, round, name, value, form, goes_on, nth_of_theirs, nth),
        (select set_config('networklab.quiet', 'yes', true)) as hint -- see append_events
), judged as (
    select g.*, room.session_id, me.slot, o.at as opened_at, o.stood_still,
        case when p.status <> room.during or p.erased_at is not null or room.status <> 'playing' or s.status = 'closed'
                then 'over'
            when o.room_id is null or o.asked is not null and not me.slot = any(o.asked) then 'not asked'
            when not here.is_open and me.seated_at >= coalesce(
                (select min(n.at) from opened_step n where n.room_id = room.id and n.position > o.position), 'infinity')
                then 'not asked'
            when here.is_open and s.status = 'paused' then 'paused'
            when here.is_open and room.stopped is not null then 'stopped'
            when before.wait > 0 and (select true from record r where r.form = g.form limit 1) is null then 'too fast'
            else '' end as why, before.wait,
        not here.is_open or clock_timestamp() > room.deadline and not (g.goes_on and (
            select true from move m where m.room_id = g.room_id and m.position = g.position and m.nth is null limit 1
        ) is not null) or (
            select true from move m where m.room_id = g.room_id and m.position = g.position and m.ends limit 1
        ) is not null as late
    from given g
    join player p on p.id = g.player_id
    join room on room.id = g.room_id and (room.id = p.room_id or room.player_id = p.id)
    join session s on s.id = room.session_id
    left join opened_step o on o.room_id = g.room_id and o.position = g.position
    cross join lateral (
        select case when room.player_id is null then p.slot else 1 end as slot,
            case when room.player_id is null then p.seated_at else room.opened_at end as seated_at
    ) me
    cross join lateral (select not room.opening and room.position = g.position as is_open) here
    cross join lateral (
        select case when g.nth_of_theirs > %(most)s then extract(epoch from %(within)s::interval)
            else extract(epoch from r.at + %(within)s::interval - clock_timestamp()) end::float as wait
        from (select) as always left join record r on r.id = (
            select m.record_id from move m where m.player_id = g.player_id
            order by m.record_id desc offset greatest(%(most)s - g.nth_of_theirs, 0) limit 1
        )
    ) before
), stored as (
    insert into record (session_id, player_id, room_id, step, round, field, value, version, late, form)
    select j.session_id, j.player_id, j.room_id, j.step, j.round, j.name, j.value,
        coalesce((
            select max(r.version) from record r
            where r.room_id = j.room_id and r.round = j.round and r.step = j.step
                and r.player_id = j.player_id and r.field = j.name
        ), 0) + row_number() over (partition by j.player_id, j.room_id, j.round, j.step, j.name order by j.nth),
        j.late, j.form
    from judged j
    where j.why = '' and (select true from record r where r.form = j.form limit 1) is null
    order by j.nth
    on conflict do nothing
    returning id, field, value, form, version, late, at
), waits as (
    insert into move (record_id, session_id, room_id, position, player_id, slot, since)
    select t.id, j.session_id, j.room_id, j.position, j.player_id, j.slot,
        extract(epoch from t.at - j.opened_at - j.stood_still)
    from stored t join judged j on j.form = t.form where not t.late
)
select j.form::text, j.why, j.wait, t.id, t.field, t.value, t.version, t.late from judged j left join stored t on t.form = j.form

-- name: stored_before
select form::text, '' as why, null as wait, id, field, value, version, late from record where form = any(%(forms)s::uuid[])

-- name: roles_now
-- What each slot is in the round of this position.
select distinct on (slot) slot, value from result
where room_id = %(room_id)s and name = 'role' and position <= %(position)s order by slot, position desc

-- name: board
-- Of a position, what the study keeps, how many moves it has taken, and the newest of them.
select (select m.state from move m where m.room_id = %(room_id)s and m.position = %(position)s and m.state is not null
        order by m.nth desc limit 1) as state,
    (select coalesce(jsonb_agg(jsonb_build_array(t.nth, t.slot, t.field, coalesce(nullif(t.value, ''), '{}')::jsonb, t.since, t.clock) order by t.nth), '[]') from (
        select m.nth, m.slot, coalesce(m.name, r.field) as field, coalesce(m.value, r.value) as value, m.since, m.clock
        from move m left join record r on r.id = m.record_id
        where m.room_id = %(room_id)s and m.position = %(position)s and m.accepted order by m.nth desc limit %(most)s
    ) t) as moves
