-- name: who_they_were
-- As Player has it, and what else is told of them.
select p.token_hash, p.id, p.session_id, p.label, p.type, p.status::text, p.room_id, p.slot, p.signed_in_at,
    p.waiting_since, p.seated_at, p.finished_at, p.outcome, p.code, s.status::text as session_status,
    p.queued_from, p.waited_until, p.entry, p.treatment, coalesce(r.kind, '')
from player p join session s on s.id = p.session_id left join room r on r.id = p.room_id
where p.id = any(%(player_ids)s)

-- name: what_they_said
-- What was answered in time, of each answer the newest, and what was computed or filled in for them; no bot's answer.
with own as materialized (
    select id, session_id, room_id, slot, seated_at, replaced from player where id = any(%(player_ids)s)
), place as materialized (
    select id, room_id from own where room_id is not null
    union select own.id, r.id from own join room r on r.player_id = own.id
)
select * from (
    select distinct on (place.id, a.step, a.round, a.field) place.id, a.step, a.round, a.field as name, a.value
    from place join record a on a.room_id = place.room_id and a.player_id = place.id
    where not a.late
    order by place.id, a.step, a.round, a.field, a.id desc
) answered
union all
select own.id, t.step, t.round, t.name, t.value from own join result t on t.room_id = own.room_id and t.slot = own.slot
where not own.replaced and t.at >= own.seated_at and t.made_by <> 'bot'
union all
select own.id, t.step, t.round, t.name, t.value from own join room r on r.player_id = own.id join result t on t.room_id = r.id

-- name: keep
insert into earlier (player_id, session_id, earlier_id, said)
select player_id, %(session_id)s, earlier_id, said
from unnest(%(player_ids)s::bigint[], %(earlier_ids)s::bigint[], %(saids)s::jsonb[]) as e(player_id, earlier_id, said)
order by player_id

-- name: make_up
insert into earlier (player_id, session_id, said)
select id, session_id, %(said)s from player where session_id = %(session_id)s order by id
on conflict (player_id) do update set said = excluded.said

-- name: known_of
-- Each with the session before, the session before that, and so on: the first of all first.
with recursive known as (
    select player_id as id, earlier_id, said, 1 as back from earlier where player_id = any(%(player_ids)s)
    union all
    select known.id, e.earlier_id, e.said, back + 1 from known join earlier e on e.player_id = known.earlier_id
)
select id, said from known order by id, back desc

-- name: sitters
-- In a solo part it is one person, in slot 1.
select room_id, slot, id from player where room_id = any(%(room_ids)s) and not replaced
union all
select id, 1, player_id from room where id = any(%(room_ids)s) and player_id is not null
