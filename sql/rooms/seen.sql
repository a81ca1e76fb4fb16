-- name: seat
-- What is known of a seat and of no other in its room, of a bot's or else a player's: what it is given, since when they have it, how
-- long its step is open, without pauses, and goes on, what they were told of their last move, and what they have said.
select coalesce(p.treatment, s.treatment) as treatment, r.seed,
    case when s.bot then coalesce(p.finished_at, r.opened_at) else p.seated_at end as since,
    extract(epoch from clock_timestamp() - o.at - o.stood_still)::float as at,
    extract(epoch from r.deadline - clock_timestamp())::float as left,
    coalesce((
        select m.sentence from move m
        where m.room_id = r.id and m.position = r.position and m.slot = s.slot and (m.player_id is null) = s.bot and m.nth is not null
        order by m.record_id desc limit 1
    ), '') as refused, (
        select coalesce(jsonb_agg(jsonb_build_array(said.step, said.round, s.slot, said.name, said.value) order by said.version), '[]')
        from (
            select x.step, x.round, x.name, x.value, x.version from result x
            where s.bot and x.room_id = r.id and x.slot = s.slot and x.made_by = 'bot' and x.position <= r.position
            union all
            select a.step, a.round, a.field, a.value, a.version from record a
            where not s.bot and a.room_id = r.id and a.player_id = p.id and not a.late
        ) said
    ) as own
from room r join slot s on s.room_id = r.id and s.slot = %(slot)s and s.bot = %(of_bot)s
join opened_step o on o.room_id = r.id and o.position = r.position
left join player p on p.room_id = s.room_id and p.slot = s.slot and not p.replaced
where r.id = %(room_id)s and r.position = %(position)s and r.status = 'playing' and not r.opening and r.stopped is null
    and (s.bot or p.status = 'playing')
