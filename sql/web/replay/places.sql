-- name: slots_of
select slot, alias, type from slot where room_id = %(room_id)s order by slot

-- name: said_until
-- Every version of every answer that the room's log acknowledges by then; a player's in order.
select a.id, a.player_id, case when p.room_id = l.room_id then p.slot else 1 end as slot, a.step, a.round, a.field, a.value, a.version, a.late, a.erased
from log l join event e on e.log_id = l.id and e.name = 'player_answered' and e.at <= %(at)s
cross join lateral jsonb_array_elements_text(e.data->'records') as one(id)
join record a on a.id = one.id::bigint
join player p on p.id = a.player_id
where l.room_id = %(room_id)s order by a.id

-- name: results_until
-- As the room's log tells them: each of them as often as it got another value, the newest last.
select slot, step, round, name, value from (
    select e.seq, (one->>0)::integer as slot, e.data->>'step' as step, (e.data->>'round')::integer as round, one->>1 as name,
        one->>2 as value
    from log l join event e on e.log_id = l.id and e.name = 'results_stored' and e.at <= %(at)s
    cross join lateral jsonb_array_elements(e.data->'results') as one
    where l.room_id = %(room_id)s
    union all
    select e.seq, of_slot.slot::integer, e.data->>'step', (e.data->>'round')::integer, of_move.name, of_slot.value
    from log l join event e on e.log_id = l.id and e.name = 'move_made' and e.at <= %(at)s
    cross join lateral jsonb_each(e.data->'results') as of_move(name, by_slot)
    cross join lateral jsonb_each_text(of_move.by_slot) as of_slot(slot, value)
    where l.room_id = %(room_id)s
) told
order by seq

-- name: elsewhere_until
-- What these players had said by then in these other rooms, for the slots that they have here: answers in time, of each
-- the newest, and what was computed or filled in.
with here as (
    select * from unnest(%(players)s::bigint[], %(slots)s::int[], %(rooms)s::bigint[], %(slots_there)s::int[])
        as h(player_id, slot, room_id, slot_there)
)
(
    select distinct on (h.slot, a.step, a.round, a.field) h.slot, a.step, a.round, a.field as name, a.value
    from here h join log l on l.room_id = h.room_id
    join event e on e.log_id = l.id and e.name = 'player_answered' and e.at <= %(at)s and e.player_id = h.player_id
    cross join lateral jsonb_array_elements_text(e.data->'records') as one(id)
    join record a on a.id = one.id::bigint and not a.late
    order by h.slot, a.step, a.round, a.field, a.id desc
)
union all
(
    select distinct on (slot, step, round, name) slot, step, round, name, value from (
        select h.slot, e.data->>'step' as step, (e.data->>'round')::integer as round, one->>1 as name, one->>2 as value, l.id, e.seq
        from here h join log l on l.room_id = h.room_id
        join event e on e.log_id = l.id and e.name = 'results_stored' and e.at <= %(at)s
        cross join lateral jsonb_array_elements(e.data->'results') as one
        where (one->>0)::integer = h.slot_there
        union all
        select h.slot, e.data->>'step', (e.data->>'round')::integer, of_move.name, of_slot.value, l.id, e.seq
        from here h join log l on l.room_id = h.room_id
        join event e on e.log_id = l.id and e.name = 'move_made' and e.at <= %(at)s
        cross join lateral jsonb_each(e.data->'results') as of_move(name, by_slot)
        cross join lateral jsonb_each_text(of_move.by_slot) as of_slot(slot, value)
        where of_slot.slot::integer = h.slot_there
    ) told
    order by slot, step, round, name, id desc, seq desc
)

-- name: happened_until
select e.at, e.name, e.player_id, e.data from log l join event e on e.log_id = l.id
where l.room_id = %(room_id)s and e.at <= %(at)s order by e.seq desc

-- name: talk_until
-- By whoever wrote it, to whoever sat there then.
select m.at, coalesce(p.label, case m.slot when 0 then 'mediator' else 'bot' end) as by, m.to_slot, (
        select q.label from player q where q.room_id = m.room_id and q.slot = m.to_slot and q.seated_at <= m.at
        order by q.seated_at desc limit 1
    ) as to, m.body, coalesce(m.channel, '') as channel
from message m left join player p on p.id = m.player_id
where m.room_id = %(room_id)s and m.at <= %(at)s order by m.id desc limit 300

-- name: notes_until
select id, player_id, account, body, situation, at from note
where id = any(%(ids)s) and not erased and (player_id = %(player_id)s or player_id is null) order by id
