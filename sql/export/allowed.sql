-- Told by the logs, the ties and the study, in other words than the server's own and from other tables where there are any,
-- so that the two can disagree. No constraint is trusted to hold.

-- name: records_were_asked_for
-- By what the logs say of each step as it opened, until the room went on: what the server looks at is another table.
-- Pages that follow each other at one's own pace open together, with the first of them.
with page as (
    select * from unnest(%(page_steps)s::text[], %(page_rounds)s::int[], %(page_positions)s::int[], %(page_only)s::jsonb[])
        as page(step, round, position, only_for)
), opened as (
    select l.room_id, (e.data->>'position')::int as position, e.data->'asked' as asked,
        lead(e.at) over (partition by l.room_id order by e.seq) as over_at
    from event e join log l on l.id = e.log_id and l.session_id = %(session_id)s
    where e.session_id = %(session_id)s and l.room_id is not null
        and (e.name = 'step_opened' or e.name = 'room_opened' and e.data->>'opening' is distinct from 'true')
)
select format('record %%s: player %%s, slot %%s, %%s step %%s, round %%s', a.id, a.player_id, me.slot, case
    when o.room_id is null then 'was never at'
    when o.asked is not null and not o.asked @> to_jsonb(me.slot) or who.is_another then 'was not asked at'
    else 'sat down after' end, a.step, a.round)
from record a join player p on p.id = a.player_id and p.session_id = %(session_id)s
-- Whoever is alone is in the one seat there is, from when it was opened.
cross join lateral (select case when p.room_id = a.room_id then p.slot else 1 end as slot,
    case when p.room_id = a.room_id then p.seated_at end as since) me
join page on page.step = a.step and page.round = a.round
left join opened o on o.room_id = a.room_id and o.position = page.position
-- Of pages that are gone through at the same time, one may be for those of a treatment or role.
cross join lateral (select exists (
    select from jsonb_each_text(page.only_for) k where k.value <> case when k.key <> 'role' then p.treatment->>k.key else (
        select r.value from result r
        where r.room_id = a.room_id and r.slot = me.slot and r.name = 'role' and r.position <= page.position
        order by r.position desc limit 1
    ) end
) as is_another) who
where a.session_id = %(session_id)s
    and (o.room_id is null or o.asked is not null and not o.asked @> to_jsonb(me.slot) or who.is_another or o.over_at <= me.since)
order by a.id

-- name: nothing_came_after_the_end
-- A room's log has everything in the order in which it was committed, its own end included.
with ended as (
    select log_id, player_id, min(seq) as seq from event
    where session_id = %(session_id)s and name in ('room_ended', 'player_left', 'player_finished', 'player_goes_on') group by log_id, player_id
)
select format('event %%s of log %%s, %%s of player %%s, came after event %%s: %%s', e.seq, e.log_id,
    case e.name when 'player_answered' then 'records ' || (e.data->>'records') else 'message ' || (e.data->>'message') end,
    e.player_id, ended.seq, case when ended.player_id is null then 'the room had ended' else 'the player had left' end) as problem
from event e join ended on ended.log_id = e.log_id and ended.seq < e.seq
    and (ended.player_id is null or ended.player_id = e.player_id)
where e.session_id = %(session_id)s and e.name in ('player_answered', 'message_sent')
union all
select format('record %%s of player %%s came at %%s, the session was closed at %%s', a.id, a.player_id, a.at, s.closed_at)
from record a join session s on s.id = a.session_id where a.session_id = %(session_id)s and a.at > s.closed_at
union all
select format('message %%s of player %%s came at %%s, the session was closed at %%s', m.id, m.player_id, m.at, s.closed_at)
from message m join session s on s.id = m.session_id where m.session_id = %(session_id)s and m.at > s.closed_at

-- name: others_were_asked_about
-- Slots are read out of the value as it is written, whatever else stands in it.
with about as (
    select * from unnest(%(about_steps)s::text[], %(about_fields)s::text[], %(about_whom)s::text[]) as a(step, field, whom)
), said as (
    select a.id, a.room_id, a.player_id, p.slot as by, a.step, a.round, about.whom, key[1]::int as slot
    from record a join about using (step, field) join player p on p.id = a.player_id and p.session_id = %(session_id)s
    cross join lateral regexp_matches(a.value, '(?<!\\)"([0-9]{1,6})":', 'g') as key
    where a.session_id = %(session_id)s
), page as (
    select * from unnest(%(page_steps)s::text[], %(page_rounds)s::int[], %(page_positions)s::int[])
        as page(step, round, position)
), seen as (
    select distinct said.id, said.slot from said join page using (step, round)
    join tie t on t.room_id = said.room_id and t.session_id = %(session_id)s and (t.from_slot, t.to_slot) = (said.by, said.slot) and t.position = (
        select max(n.position) from network n where n.room_id = said.room_id and n.position <= page.position)
    where said.whom = 'neighbours'
)
select format('record %%s: player %%s, slot %%s, says something of slot %%s, whom step %%s, round %%s did not ask about', said.id,
    said.player_id, said.by, said.slot, said.step, said.round)
from said
where said.slot = said.by or not case said.whom
    when 'room' then exists (select from slot s where s.room_id = said.room_id and s.slot = said.slot)
    when 'neighbours' then (said.id, said.slot) in (select id, slot from seen)
    else exists (
        select from result r where r.room_id = said.room_id and r.slot = said.by and r.name = said.whom
            and (r.step, r.round) = (said.step, said.round) and said.slot::text = any(string_to_array(translate(r.value, '[] ', ''), ','))
    ) end
order by said.id, said.slot

-- name: messages_were_for_their_readers
-- Told by the log, the ties and the study, beside what was stored with the message.
with asked as (
    select l.room_id, (e.data->>'position')::int as position, e.data->'asked' as slots
    from event e join log l on l.id = e.log_id and l.session_id = %(session_id)s
    where e.session_id = %(session_id)s and e.name = 'step_opened' and e.data ? 'asked'
), talk as (
    select * from unnest(
        %(talk_steps)s::text[], %(talk_channels)s::text[], %(talk_of)s::text[], %(talk_read)s::boolean[], %(talk_among)s::jsonb[]
    ) as talk(step, channel, "of", all_read, among)
), said as (
    -- Where what a role or a hook said is erased, nobody can tell any more who was in a channel.
    select m.*, talk."of", talk.all_read, talk.among, m.slot = 0 or is_among(m.room_id, m.position, m.slot, talk.among) as is_inside
    from message m join talk on talk.step = m.step and talk.channel = coalesce(m.channel, '')
    where m.session_id = %(session_id)s and not exists (
        select from result r where r.room_id = m.room_id and r.name = talk.among->>'result' and r.erased)
), reader as (
    select m.id, array_agg(s.slot order by s.slot) as slots from said m join slot s on s.room_id = m.room_id and s.session_id = %(session_id)s
    left join asked a on a.room_id = m.room_id and a.position = m.position
    where (a.slots is null or a.slots @> to_jsonb(s.slot)) and (
        s.slot = m.slot or coalesce(m.to_slot, s.slot) = s.slot and (m."of" = 'room' or m.slot = 0 or exists (
            select from tie t where t.room_id = m.room_id and (t.from_slot, t.to_slot) = (s.slot, m.slot) and t.position = (
                select max(n.position) from network n where n.room_id = m.room_id and n.position <= m.position)
        )) and (m.all_read or is_among(m.room_id, m.position, s.slot, m.among))
    )
    group by m.id
)
select format('message %%s of player %%s: %%s', m.id, m.player_id, case
    when m.slot > 0 and a.slots is not null and not a.slots @> to_jsonb(m.slot)
        then format('slot %%s was not asked at step %%s, round %%s', m.slot, m.step, m.round)
    when not m.is_inside then format('slot %%s is not in channel %%s at step %%s, round %%s', m.slot, m.channel, m.step, m.round)
    else format('for slots %%s, where %%s could read it', array_to_string(m.readers, ', '), array_to_string(r.slots, ', ')) end)
from said m left join asked a on a.room_id = m.room_id and a.position = m.position left join reader r on r.id = m.id
where not m.is_inside or (m.slot > 0 and a.slots is not null and not a.slots @> to_jsonb(m.slot) or m.readers is not null and m.readers is distinct from r.slots)
order by m.id

-- name: final_is_final
-- Versions are no witness: by the forms that records came with.
select format('player %%s has %%s answers at step %%s, round %%s', player_id, count(distinct form), step, round)
from record where session_id = %(session_id)s and step = any(%(final_steps)s::text[])
group by room_id, player_id, step, round having count(distinct form) > 1
order by player_id, step, round
