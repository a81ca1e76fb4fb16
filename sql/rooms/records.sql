-- name: store_records
with given as (
    select * from unnest(
        %(players)s::bigint[], %(rooms)s::bigint[], %(steps)s::text[], %(rounds)s::int[],
        %(fields)s::text[], %(values)s::text[], %(forms)s::uuid[]
    ) with ordinality as g(player_id, room_id, step, round, field, value, form, nth)
)
insert into record (session_id, player_id, room_id, step, round, field, value, version, late, form)
select p.session_id, g.player_id, g.room_id, g.step, g.round, g.field, g.value,
    coalesce((
        select max(r.version) from record r
        where r.room_id = g.room_id and r.round = g.round and r.step = g.step
            and r.player_id = g.player_id and r.field = g.field
    ), 0) + row_number() over (partition by g.player_id, g.room_id, g.round, g.step, g.field order by g.nth),
    room.status <> 'playing'
        or case when room.pages is null then room.step <> g.step or room.round <> g.round
            else g.step || ' ' || g.round <> all(room.pages) end
        or coalesce(s.paused_at, clock_timestamp()) > room.deadline,
    g.form
from given g
join player p on p.id = g.player_id and p.room_id = g.room_id and p.status in ('playing', 'finished') and p.erased_at is null
join room on room.id = g.room_id
join session s on s.id = room.session_id
where not exists (select from record r where r.form = g.form)
order by g.nth
on conflict do nothing
returning id, field, value, form::text, version, late

-- name: stored_before
select id, field, value, form::text, version, late from record where form = any(%(forms)s::uuid[]) order by id

-- name: answers_of
-- What a player has said at a step, newest version of each field.
select distinct on (field) field, value, version from record
where room_id = %(room_id)s and round = %(round)s and step = %(step)s and player_id = %(player_id)s
order by field, version desc

-- name: pages_answered
select distinct step, round from record where room_id = %(room_id)s and player_id = %(player_id)s and not late

-- name: hold_rooms
-- No room moves on while answers to it are stored: late is late, in time is in time.
select id from room where id = any(%(room_ids)s::bigint[]) order by id for share
