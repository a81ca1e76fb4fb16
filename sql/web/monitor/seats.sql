-- name: doing
-- What each of them has answered at this step, the newest version of it; when; and when they last did anything that is known.
select p.id as player_id, a.answers, a.at as answered_at, greatest(p.seated_at, g.at, a.at, said.at) as sign_at
from player p left join sign g on g.player_id = p.id
left join lateral (
    select jsonb_object_agg(v.field, v.value) as answers, max(v.at) as at from (
        select distinct on (field) field, case when erased then '' else left(value, 120) end as value, at from record
        where room_id = %(room_id)s and round = %(round)s and step = %(step)s and player_id = p.id and not late
        order by field, id desc
    ) v
) a on true
left join lateral (
    select at from message where player_id = p.id order by id desc limit 1
) said on true
where p.id = any(%(player_ids)s)
