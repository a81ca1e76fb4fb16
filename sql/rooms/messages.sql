-- name: lock_logs
-- Before the messages get their numbers: then the order of numbers is the order of events, whichever process
-- stores them, and a page that is read again shows what it showed live. Nothing else is locked after this.
select id from log where room_id = any(%(rooms)s) order by id for no key update

-- name: store_messages
-- At the step that it was written at: another one may have other rules, or no talk at all. By whoever is asked there,
-- and for those who are: all who see the writer, or the room where its talk is for the whole room.
-- In a channel: by one of its members, for those who read there. To one person: only who may read it.
-- Not more of one person's than may come within some seconds: processes take turns here, by the room's log. A bot has
-- the slot in place of a person, and has at most one turn a second.
insert into message (session_id, room_id, player_id, slot, to_slot, channel, position, step, round, body, form, readers, turn)
select room.session_id, room.id, p.id, p.slot, g.to_slot, g.channel, room.position, room.step, room.round, g.body, g.form, may.readers, g.turn
from unnest(
    %(players)s::bigint[], %(rooms)s::bigint[], %(to_slots)s::int[], %(bodies)s::text[], %(forms)s::uuid[],
    %(steps)s::text[], %(positions)s::int[], %(channels)s::text[], %(among)s::jsonb[], %(of)s::text[], %(all_read)s::boolean[],
    %(most_there)s::int[], %(every)s::float[], %(nth_there)s::int[], %(nth_of_theirs)s::int[], %(slots)s::int[], %(turns)s::int[]
) with ordinality as g(player_id, room_id, to_slot, body, form, step, position, channel, among, "of", all_read,
    most_there, every, nth_there, nth_of_theirs, slot, turn, nth)
cross join lateral (
    select p.id, p.slot from player p where p.id = g.player_id and p.room_id = g.room_id and p.status = 'playing'
    union all
    select null, b.slot from slot b where g.player_id is null and b.room_id = g.room_id and b.slot = g.slot and b.bot
    union all
    select null, 0 where g.player_id is null and g.slot = 0 -- a mediator's, whom the step need not ask
) p
join room on room.id = g.room_id and room.status = 'playing' and room.step = g.step and not room.opening
    and (room.asked is null or p.slot = 0 or p.slot = any(room.asked))
    -- Who is in a channel may be others in the next round: it was not written for them.
    and (room.position = g.position or p.slot > 0 and (g.among is null or not g.among ? 'result'))
join session s on s.id = room.session_id and s.status <> 'closed'
    and (g.turn is null or s.status = 'running') -- in a pause bots and mediators stand still
cross join lateral (
    select case when p.slot > 0
        then who_reads(room.id, room.position, room.asked, p.slot, g.to_slot, g."of", g.among, g.all_read)
        else array_remove(who_reads(room.id, room.position, room.asked, 0, g.to_slot, 'room', g.among, g.all_read), 0)
    end as readers offset 0
) may
where (g.to_slot is null or g.to_slot <> p.slot and g.to_slot = any(may.readers))
    and (g."of" <> 'direct' or g.to_slot is not null)
    and case when p.slot = 0 then may.readers <> '{}' else is_among(room.id, room.position, p.slot, g.among) end
    and (select true from message m where m.form = g.form limit 1) is null -- by values, as in rooms/records.sql
    -- What the channel itself limits: how many of one's own while the step is open, and how long after each other.
    and (g.most_there is null or g.nth_there + case when g.turn is null then (
        select count(*) from message m where m.player_id = g.player_id and m.room_id = room.id
            and m.position = room.position and m.channel = g.channel
    ) else (
        select count(*) from message m where m.room_id = room.id and m.turn is not null and m.slot = g.slot
            and m.position = room.position and m.channel = g.channel
    ) end <= g.most_there)
    and (g.every is null or g.nth_there = 1 and not case when g.turn is null then exists (
        select from message m where m.player_id = g.player_id and m.room_id = room.id and m.channel = g.channel
            and m.at > clock_timestamp() - make_interval(secs => g.every)
    ) else exists (
        select from message m where m.room_id = room.id and m.turn is not null and m.slot = g.slot and m.channel = g.channel
            and m.at > clock_timestamp() - make_interval(secs => g.every)
    ) end)
    and g.nth_of_theirs + (
        select count(*) from (
            select m.at from message m where m.player_id = g.player_id order by m.id desc limit %(most)s
        ) as newest where newest.at > clock_timestamp() - %(within)s::interval
    ) <= %(most)s
order by g.nth
on conflict do nothing
returning id, form::text

-- name: sent_before
select id, form::text from message where form = any(%(forms)s::uuid[])

-- name: too_fast
-- Whose newest messages are as many as may come within some seconds, and how long it is until the oldest of them
-- does not count any more.
select p.id, extract(epoch from last.at + %(within)s::interval - clock_timestamp())::float
from unnest(%(players)s::bigint[]) as p(id) cross join lateral (
    select m.at from message m where m.player_id = p.id order by m.id desc offset %(most)s - 1 limit 1
) as last
where last.at > clock_timestamp() - %(within)s::interval

-- name: limits_of
-- Whether somebody has written as many in a channel as it lets them while the step is open, and for how many seconds
-- they have to wait there.
select g.form, coalesce(count(m.id) filter (where m.position = room.position) >= g.most_there, false),
    extract(epoch from max(m.at) + make_interval(secs => g.every) - clock_timestamp())::float
from unnest(%(forms)s::text[], %(players)s::bigint[], %(channels)s::text[], %(most_there)s::int[], %(every)s::float[])
    as g(form, player_id, channel, most_there, every)
join player p on p.id = g.player_id join room on room.id = p.room_id
join message m on m.player_id = p.id and m.room_id = room.id and m.channel = g.channel
group by g.form, g.most_there, g.every

-- name: seen_by
-- What one slot may read: what was written for it, its own included. Of what the version before has stored, what those
-- it saw at that moment said to it or to all. Whoever took the slot over sees what was said since. Of each talk the newest,
-- and of one in which one chooses whom, of what each of these two said to the other.
select m.id, m.slot, m.to_slot, coalesce(s.alias, '') as alias, m.body, m.at, m.channel from (
    select m.*, row_number() over (
        partition by m.channel, case when m.is_direct then array[least(m.slot, m.to_slot), greatest(m.slot, m.to_slot)] end
        order by m.id desc
    ) as nth
    from unnest(%(channels)s::text[], %(direct)s::boolean[]) as talk(channel, is_direct) cross join lateral (
        select m.id, m.slot, m.to_slot, m.body, m.at, talk.channel, talk.is_direct
        from message m
        where m.room_id = %(room_id)s and coalesce(m.channel, '') = talk.channel
            and m.at >= %(since)s and m.at <= coalesce(%(until)s::timestamptz, 'infinity') and m.position >= %(position)s and case
            when m.readers is not null then %(slot)s = any(m.readers)
            else m.slot = %(slot)s or (m.to_slot is null or m.to_slot = %(slot)s) and (
                m.step = any(%(open_steps)s) or exists (
                    select from tie t where t.room_id = m.room_id and t.from_slot = %(slot)s and t.to_slot = m.slot
                        and t.position = network_at(m.room_id, m.position)
                )
            ) end
        order by m.id desc limit case when not talk.is_direct then %(most)s end
    ) m
) m left join slot s on s.room_id = %(room_id)s and s.slot = m.slot
where m.nth <= %(most)s
order by m.id desc

-- name: heard_in
-- All that was said in a room from a position on, in some of its talks, and who may read it, the newest first.
select m.id, m.slot, m.to_slot, coalesce(s.alias, '') as alias, m.body, m.at, coalesce(m.channel, '') as channel, m.readers
from message m left join slot s on s.room_id = m.room_id and s.slot = m.slot
where m.room_id = %(room_id)s and m.position >= %(position)s and coalesce(m.channel, '') = any(%(channels)s)
order by m.id desc

-- name: said_in
-- The newest that was said in one talk, to whomever, the newest first.
select m.id, m.slot, m.to_slot, coalesce(s.alias, '') as alias, m.body, m.at, m.channel, m.position
from message m left join slot s on s.room_id = m.room_id and s.slot = m.slot
where m.room_id = %(room_id)s and m.position >= %(position)s and m.channel = %(channel)s and not m.erased
order by m.id desc limit %(most)s

-- name: find_messages
select m.id, m.slot, m.to_slot, coalesce(s.alias, '') as alias, m.body, m.at, coalesce(m.channel, '') as channel, coalesce(m.readers, '{}') as readers
from message m left join slot s on s.room_id = m.room_id and s.slot = m.slot
where m.id = any(%(ids)s)
