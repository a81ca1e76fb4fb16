-- name: find_people
select p.id, p.label, p.type, p.status::text, p.room_id, r.name as room, p.slot, p.signed_in_at, p.outcome, p.code,
    coalesce(r.status = 'playing' and not r.opening and p.status = 'playing' and (r.asked is null or p.slot = any(r.asked)) and not exists (
        select from record a where a.room_id = r.id and a.round = coalesce(r.last_round, r.round)
            and a.step = coalesce(r.last_step, r.step)
            and a.player_id = p.id and not a.late
    ), false) as is_asked, p.status = 'playing' and p.nudged_at is not null as is_nudged, p.waiting_since, c.player_id is not null as is_connected,
    r.position, p.erased_at is not null as is_erased,
    case when p.status = 'invited' then p.in_line_since end as in_line_since, o.step as alone_at, o.round as alone_round,
    o.stopped is not null as is_stopped
from player p left join room r on r.id = p.room_id and r.session_id = p.session_id left join room o on o.player_id = p.id and o.during = p.status and o.session_id = p.session_id
left join connected c on c.session_id = p.session_id and c.player_id = p.id
where p.session_id = %(session_id)s
    and (%(find)s = '' or p.label ilike %(like)s or p.token_hash = %(token_hash)s or r.name ilike %(like)s
        or p.token_end <> '' and length(%(find)s) >= 2 and right(p.token_end, length(%(find)s)) = right(%(find)s, 4)
        or %(in_given)s and exists (select from jsonb_each_text(p.given) as g where lower(g.value) = lower(%(find)s)))
    and (%(status)s = '' or p.status::text = %(status)s) and (%(type)s = '' or p.type = %(type)s)
    and (%(connection)s = '' or p.status in ('before', 'waiting', 'playing', 'after') and (c.player_id is not null) = (%(connection)s = 'connected'))
    and p.id > coalesce(%(after)s, 0) and (%(only)s::bigint is null or p.id = %(only)s)
order by case when %(after)s::bigint is not null then p.id end, p.status in ('invited', 'finished', 'left'), case when p.status = 'waiting' then p.waiting_since end,
    regexp_replace(p.label, '[0-9]+$', ''), length(p.label), p.label
limit %(most)s

-- name: happened_to
-- What the logs say of one player: of their arrival and seat, in their room, where all are asked the same, and of what
-- they went through alone; how that ended the session's log says.
select e.at, e.name, e.player_id, e.data from player p
join log l on l.session_id = p.session_id and (l.room_id is null or l.room_id = p.room_id
    or l.room_id = any(array(select id from room where player_id = p.id)))
join event e on e.log_id = l.id
where p.id = %(player_id)s and e.name <> 'message_sent' and (e.player_id = p.id or e.player_id is null and (
    l.room_id = p.room_id or l.room_id is not null and e.name <> 'room_ended'
    or l.room_id is null and e.name like 'session\_%%' and e.at >= p.signed_in_at
))
order by e.at desc, l.room_id nulls last, e.seq desc limit %(most)s

-- name: is_room_of
select true from room where id = %(room_id)s and session_id = %(session_id)s and during = 'playing'

-- name: is_there
-- With others or alone.
select true from room where id = %(room_id)s and session_id = %(session_id)s

-- name: alone_in
select player_id from room where id = %(room_id)s and session_id = %(session_id)s

-- name: happened_in
select e.at, e.name, e.player_id, e.data from log l join event e on e.log_id = l.id
where l.room_id = %(room_id)s and e.name <> 'message_sent'
order by e.seq desc limit %(most)s

-- name: said_by
-- Every version of every answer, in a room and alone.
select id, step, round, field, value, version, late, at, erased from record
where player_id = %(player_id)s and room_id = any(
    array(select id from room where player_id = %(player_id)s) || %(room_id)s::bigint)
order by id

-- name: talk_of
-- By whoever wrote it, to whoever sat there then: another may sit there now, and a bot's words are nobody's.
select m.at, coalesce(p.label, case m.slot when 0 then 'mediator' else 'bot' end) as by, m.to_slot, (
        select q.label from player q where q.room_id = m.room_id and q.slot = m.to_slot and q.seated_at <= m.at
        order by q.seated_at desc limit 1
    ) as to, m.body, coalesce(m.channel, '') as channel
from message m left join player p on p.id = m.player_id
where m.room_id = %(room_id)s and (%(player_id)s::bigint is null or m.player_id = %(player_id)s)
order by m.id desc limit %(most)s

-- name: all_who_sat_in
select id, label from player where room_id = %(room_id)s

-- name: time_given
select extract(epoch from extended)::integer from opened_step where room_id = %(room_id)s and position = %(position)s

-- name: labels_of
select s.slot, p.id as player_id, coalesce(p.label, 'bot') as label, coalesce(p.type, nullif(s.type, 'any'), '') as type,
    coalesce(p.status::text, 'bot') as status, c.player_id is not null as is_connected
from slot s left join player p on p.room_id = s.room_id and p.slot = s.slot and not p.replaced
left join connected c on c.session_id = p.session_id and c.player_id = p.id
where s.room_id = %(room_id)s order by s.slot
