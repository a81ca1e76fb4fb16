-- name: store_records
-- Of whoever plays, in a room that plays, at a step that asks them; or who is at a solo step of theirs. What is not open any more asked whom it did as it
-- opened, and whoever sat there then. Of pages at one's own pace, one that is for some is named with each of their slots:
-- see rooms/paths.py. All that is one case, not conditions of the joins: where nothing is known of the
-- tables yet, the planner takes few rooms to play, and goes through all of them for each answer. And what is stored already
-- is asked for one by one, by values: of an "exists" a plan that was made while nothing was stored makes a table of all
-- records for each batch, as long as the connection has it.
with given as (
    select * from unnest(
        %(players)s::bigint[], %(rooms)s::bigint[], %(steps)s::text[], %(rounds)s::int[],
        %(fields)s::text[], %(values)s::text[], %(forms)s::uuid[], %(timed)s::boolean[], %(final)s::boolean[]
    ) with ordinality as g(player_id, room_id, step, round, field, value, form, timed, final, nth)
)
insert into record (session_id, player_id, room_id, step, round, field, value, version, late, form)
select p.session_id, g.player_id, g.room_id, g.step, g.round, g.field, g.value,
    coalesce((
        select max(r.version) from record r
        where r.room_id = g.room_id and r.round = g.round and r.step = g.step
            and r.player_id = g.player_id and r.field = g.field
    ), 0) + row_number() over (partition by g.player_id, g.room_id, g.round, g.step, g.field order by g.nth),
    not here.is_open or g.timed and coalesce(s.paused_at, clock_timestamp()) > room.deadline,
    g.form
from given g
join player p on p.id = g.player_id
join room on room.id = g.room_id and (room.id = p.room_id or room.player_id = p.id)
join session s on s.id = room.session_id
cross join lateral (
    select case when room.player_id is null then p.slot else 1 end as slot,
        case when room.player_id is null then p.seated_at else room.opened_at end as seated_at
) me
cross join lateral (
    select not room.opening and case when room.pages is null then room.step = g.step and room.round = g.round
        else array[g.step || ' ' || g.round, g.step || ' ' || g.round || ' @' || me.slot] && room.pages end as is_open
) here
where case when p.status <> room.during or p.erased_at is not null or room.status <> 'playing' or s.status = 'closed' then false
    when here.is_open then room.asked is null or me.slot = any(room.asked) else exists (
        select from opened_step o
        where o.room_id = room.id
            and (o.pages is null or array[g.step || ' ' || g.round, g.step || ' ' || g.round || ' @' || me.slot] && o.pages)
            and (o.asked is null or me.slot = any(o.asked)) and me.seated_at < coalesce(
                (select min(n.at) from opened_step n where n.room_id = room.id and n.position > o.position),
                'infinity')
    ) end
    and (select true from record r where r.form = g.form limit 1) is null
    and case when g.final then (
        select true from record r
        where r.room_id = g.room_id and r.round = g.round and r.step = g.step and r.player_id = g.player_id limit 1
    ) is null else true end
order by g.nth
on conflict do nothing
returning id, field, value, form::text, version, late

-- name: beyond_asked
-- Forms that say something of a slot which they did not ask about: one that is not in the room, or that the player did not
-- see when the step opened, or that the study's hook did not name for them.
select distinct g.form::text
from unnest(
    %(players)s::bigint[], %(rooms)s::bigint[], %(steps)s::text[], %(rounds)s::int[], %(abouts)s::text[], %(values)s::text[],
    %(forms)s::uuid[]
) as g(player_id, room_id, step, round, about, value, form)
join player p on p.id = g.player_id and p.room_id = g.room_id
cross join lateral (select slot::int from jsonb_object_keys(g.value::jsonb) as slot) said
where said.slot = p.slot or not case g.about
    when 'room' then exists (select from slot s where s.room_id = g.room_id and s.slot = said.slot)
    when 'neighbours' then exists (
        select from tie t where t.room_id = g.room_id and t.from_slot = p.slot and t.to_slot = said.slot
            and t.position = network_at(g.room_id, (
                select o.position from opened_step o
                where o.room_id = g.room_id
                    and (o.pages is null or array[g.step || ' ' || g.round, g.step || ' ' || g.round || ' @' || p.slot] && o.pages)
                order by o.pages is null, o.position limit 1
            ))
    )
    else exists (
        select from result r where r.room_id = g.room_id and r.step = g.step and r.round = g.round and r.slot = p.slot
            and r.name = g.about and r.value::jsonb @> to_jsonb(said.slot)
    ) end

-- name: stored_before
select id, field, value, form::text, version, late from record where form = any(%(forms)s::uuid[]) order by id

-- name: answers_of
-- What a player has said at a step, newest version of each field.
select distinct on (field) field, value, version from record
where room_id = %(room_id)s and round = %(round)s and step = %(step)s and player_id = %(player_id)s
order by field, version desc

-- name: answers_in_time
select distinct on (field) field, value from record
where room_id = %(room_id)s and round = %(round)s and step = %(step)s and player_id = %(player_id)s and not late
order by field, version desc

-- name: pages_answered
select distinct step, round from record where room_id = %(room_id)s and player_id = %(player_id)s and not late

-- name: hold_rooms
-- No room moves on while answers to it are stored: late is late, in time is in time.
select id from room where id = any(%(room_ids)s::bigint[]) order by id for share
