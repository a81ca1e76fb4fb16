-- name: lines
-- Answers that count, as in records.csv, and say something, with whose they are. The role is what was dealt to that seat last before.
with counting as (
    select distinct on (room_id, player_id, step, round, field) id, room_id, player_id, step, round, field, value, late, at
    from record where session_id = %(session_id)s and not erased and (%(step)s = '' or step = %(step)s and field = %(field)s)
        and (%(round)s = 0 or round = %(round)s)
    order by room_id, player_id, step, round, field, late, version desc
), found as (
    select r.*, p.label, coalesce(p.type, '') as type, p.treatment, coalesce(role.value, '') as role,
        case when room.during = 'playing' then room.name else '' end as room,
        case when r.value ~ '^-?[0-9]{1,15}(\.[0-9]{1,15})?$' then r.value::numeric end as number
    from counting r join player p on p.id = r.player_id and p.session_id = %(session_id)s
    join room on room.id = r.room_id and room.session_id = %(session_id)s
    left join lateral (
        select value from result d where d.room_id = r.room_id and d.slot = p.slot and d.name = 'role' and d.position <= (
            select plan.position from unnest(%(steps)s::text[], %(rounds)s::int[]) with ordinality as plan(step, round, position)
            where plan.step = r.step and plan.round = r.round
        ) - 1 order by d.position desc limit 1
    ) role on %(roles)s
    where r.value <> '' and p.treatment @> %(treatment)s::jsonb and (%(room)s = '' or room.name = %(room)s and room.during = 'playing')
        and (%(type)s = '' or p.type = %(type)s)
)
select id, player_id, label, type, room_id, room, role, treatment, step, round, field, left(value, 500) as value, late, at,
    count(*) over ()::int as of_all
from found where %(role)s = '' or role = %(role)s
order by case when %(sort)s = 'player' then label end, case when %(sort)s = '-player' then label end desc,
    case when %(sort)s = 'room' then room_id end, case when %(sort)s = '-room' then room_id end desc,
    case when %(sort)s = 'round' then round end, case when %(sort)s = '-round' then round end desc,
    case when %(sort)s = 'value' then number end, case when %(sort)s = '-value' then number end desc nulls last,
    case when %(sort)s = 'value' then value end, case when %(sort)s = '-value' then value end desc,
    case when %(sort)s = 'at' then id end, id desc
limit %(most)s offset %(skip)s

-- name: rooms
select name from room where session_id = %(session_id)s and during = 'playing' order by id limit 2000
