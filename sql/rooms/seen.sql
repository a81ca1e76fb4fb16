-- name: bot
-- What is known of a bot and of nobody else in its room: what it is given, since when it plays there, how long its step
-- is open, without pauses, and goes on, what it was told of its last move, and what it has said itself.
select coalesce(p.treatment, s.treatment) as treatment, r.seed, coalesce(p.finished_at, r.opened_at) as since,
    extract(epoch from clock_timestamp() - o.at - o.stood_still)::float as at,
    extract(epoch from r.deadline - clock_timestamp())::float as left,
    coalesce((
        select m.sentence from move m
        where m.room_id = r.id and m.position = r.position and m.slot = s.slot and m.player_id is null and m.nth is not null
        order by m.turn desc limit 1
    ), '') as refused, (
        select coalesce(jsonb_agg(jsonb_build_array(x.step, x.round, x.slot, x.name, x.value) order by x.position, x.name), '[]')
        from result x where x.room_id = r.id and x.slot = s.slot and x.made_by = 'bot' and x.position <= r.position
    ) as own
from room r join slot s on s.room_id = r.id and s.slot = %(slot)s and s.bot
join opened_step o on o.room_id = r.id and o.position = r.position
left join player p on p.room_id = s.room_id and p.slot = s.slot and not p.replaced
where r.id = %(room_id)s and r.position = %(position)s and r.status = 'playing' and not r.opening and r.stopped is null
