-- Each check finds the rows that break it and says so in a sentence. No check trusts a constraint or an index
-- to hold: what the tables forbid is counted all the same.

-- name: counts
select
    (select coalesce(sum(jsonb_array_length(data->'records')), 0)::bigint from event
        where session_id = %(session_id)s and name = 'player_answered') as acknowledged_records,
    (select count(*) from event where session_id = %(session_id)s and name = 'message_sent') as acknowledged_messages,
    (select count(*) from record where session_id = %(session_id)s) as stored_records,
    (select count(*) from message where session_id = %(session_id)s) as stored_messages,
    (select count(*) from player where session_id = %(session_id)s) as players,
    (select count(*) from room where session_id = %(session_id)s and during = 'playing') as rooms,
    (select count(*) from network where session_id = %(session_id)s) as networks,
    (select count(*) from tie where session_id = %(session_id)s) as ties,
    (select count(*) from result where session_id = %(session_id)s) as results,
    (select count(*) from erasure where session_id = %(session_id)s) as erasures,
    (select count(*) from event where session_id = %(session_id)s) as events,
    (select count(*) from move where session_id = %(session_id)s) as moves

-- name: acknowledged_records_are_stored
-- The digest is the one in the player's receipt, computed again from what is stored. Where values were erased it went
-- with them: then some of these records must be, and it is for the erasure to say that they held until then.
-- Materialized: of a session that has just ended nothing is known yet, and each receipt would look for its records anew.
with receipt as materialized (
    select e.log_id, e.seq, l.room_id, e.player_id, e.data->>'step' as step, (e.data->>'round')::int as round,
        e.data->>'sha256' as sha256, coalesce((e.data->>'erased')::boolean, false) as erased, jsonb_array_length(e.data->'records') as named, one.id::bigint as id
    from event e left join log l on l.id = e.log_id and l.session_id = %(session_id)s
    cross join lateral jsonb_array_elements_text(e.data->'records') as one(id)
    where e.session_id = %(session_id)s and e.name = 'player_answered'
), recounted as (
    select t.log_id, t.seq, t.player_id, t.sha256, t.erased, t.named, count(a.id) as found,
        coalesce(bool_or(a.erased), false) as is_erased,
        array_agg(t.id order by t.id) filter (where a.id is null) as missing, array_agg(t.id order by t.id) as ids,
        count(*) filter (where (a.room_id, a.player_id, a.step, a.round) = (t.room_id, t.player_id, t.step, t.round))
            as in_place,
        encode(sha256(convert_to(
            string_agg(a.id || E'\t' || a.field || E'\t' || a.value || E'\n', '' order by a.id), 'UTF8')), 'hex') as digest
    from receipt t left join record a on a.id = t.id and a.session_id = %(session_id)s
    group by t.log_id, t.seq, t.player_id, t.sha256, t.erased, t.named
)
select case
    when missing is not null then format('record %%s of player %%s: acknowledged, but not stored',
        array_to_string(missing, ', '), player_id)
    when found <> named then format('record %%s of player %%s: stored more than once', array_to_string(ids, ', '), player_id)
    when in_place <> named then format('record %%s: not where player %%s gave it', array_to_string(ids, ', '), player_id)
    when erased <> is_erased then format('record %%s of player %%s: %%s', array_to_string(ids, ', '), player_id,
        case when erased then 'erased, says the log, but it is there' else 'erased, but the log says nothing of it' end)
    else format('record %%s of player %%s: not what was acknowledged', array_to_string(ids, ', '), player_id)
    end
from recounted
where found <> named or in_place <> named or erased <> is_erased or not erased and digest is distinct from sha256
order by log_id, seq

-- name: stored_records_are_acknowledged
select format('record %%s of player %%s: stored, but acknowledged %%s times', a.id, a.player_id, coalesce(t.times, 0))
from record a left join (
    select one.id::bigint as id, count(*) as times
    from event e cross join lateral jsonb_array_elements_text(e.data->'records') as one(id)
    where e.session_id = %(session_id)s and e.name = 'player_answered' group by one.id
) t on t.id = a.id
where a.session_id = %(session_id)s and t.times is distinct from 1
order by a.id

-- name: acknowledged_messages_are_stored
select format('message %%s of player %%s: acknowledged, but %%s', e.data->>'message', e.player_id,
    case when count(m.id) = 0 then 'not stored' when count(m.id) > 1 then 'stored more than once'
        else 'not as it is stored' end)
from event e left join log l on l.id = e.log_id and l.session_id = %(session_id)s
left join message m on m.id = (e.data->>'message')::bigint and m.session_id = %(session_id)s
where e.session_id = %(session_id)s and e.name = 'message_sent'
group by e.log_id, e.seq, e.data, e.player_id
having count(m.id) <> 1 or not bool_and(
    (m.room_id, m.player_id, m.slot, m.to_slot)
    is not distinct from (l.room_id, e.player_id, (e.data->>'slot')::int, (e.data->>'to')::int))
order by e.log_id, e.seq

-- name: stored_messages_are_acknowledged
select format('message %%s of player %%s: stored, but acknowledged %%s times', m.id, m.player_id, coalesce(t.times, 0))
from message m left join (
    select (data->>'message')::bigint as id, count(*) as times
    from event where session_id = %(session_id)s and name = 'message_sent' group by 1
) t on t.id = m.id
where m.session_id = %(session_id)s and t.times is distinct from 1
order by m.id

-- name: totals_agree
select format('log of %%s: counts %%s records and %%s messages, but there are %%s and %%s',
    coalesce(room.name, 'the session'), l.records, l.messages, coalesce(r.count, 0), coalesce(m.count, 0))
from log l left join room on room.id = l.room_id and room.session_id = %(session_id)s
left join (select room_id, count(*) from record where session_id = %(session_id)s group by room_id) r on r.room_id = l.room_id
left join (select room_id, count(*) from message where session_id = %(session_id)s group by room_id) m on m.room_id = l.room_id
where l.session_id = %(session_id)s and (l.records, l.messages) <> (coalesce(r.count, 0), coalesce(m.count, 0))
order by l.id

-- name: logs_have_no_gap
select format('log of %%s: %%s events numbered %%s to %%s, where 1 to %%s should be',
    coalesce(room.name, 'the session'), coalesce(e.events, 0), e.first, e.last, l.last_seq)
from log l left join room on room.id = l.room_id and room.session_id = %(session_id)s
left join (
    select log_id, count(*) as events, count(distinct seq) as numbers, min(seq) as first, max(seq) as last
    from event where session_id = %(session_id)s group by log_id
) e on e.log_id = l.id
where l.session_id = %(session_id)s and (
    (coalesce(e.events, 0), coalesce(e.numbers, 0), coalesce(e.last, 0)) <> (l.last_seq, l.last_seq, l.last_seq)
    or coalesce(e.first, 1) <> 1
)
order by l.id

-- name: logs_are_whole
-- One log for the session and one for each room, and every event in one of them.
select format('the session has %%s logs', count(*)) as problem
from log where session_id = %(session_id)s and room_id is null having count(*) <> 1
union all
select format('room %%s has %%s logs', min(r.name), count(l.id))
from room r left join log l on l.room_id = r.id and l.session_id = %(session_id)s
where r.session_id = %(session_id)s group by r.id having count(l.id) <> 1
union all
select format('log %%s belongs to room %%s, which is not a room of this session', l.id, l.room_id)
from log l left join room r on r.id = l.room_id and r.session_id = %(session_id)s
where l.session_id = %(session_id)s and l.room_id is not null and r.id is null
union all
select format('event %%s of log %%s is in no log of this session', e.seq, e.log_id)
from event e left join log l on l.id = e.log_id and l.session_id = %(session_id)s
where e.session_id = %(session_id)s and l.id is null
union all
select format('event %%s of log %%s names player %%s, who is not in this session', e.seq, e.log_id, e.player_id)
from event e left join player p on p.id = e.player_id and p.session_id = %(session_id)s
where e.session_id = %(session_id)s and e.player_id is not null and p.id is null

-- name: logs_tell_what_happened
-- What players and rooms are now against the events that made them so, each counted. How it ended for somebody is as they
-- left, or as the last code says that was issued to them by hand.
with issued as (
    select distinct on (player_id) player_id, data->>'outcome' as outcome from event
    where session_id = %(session_id)s and name = 'code_issued' order by player_id, seq desc
), happened as (
    select null::bigint as room_id, 'player_signed_in' as name, id as player_id, '' as detail
    from player where session_id = %(session_id)s and arrival_logged
    union all
    select null, 'player_placed', id, concat('room ', room_id, ', slot ', slot)
    from player where session_id = %(session_id)s and slot is not null
    union all
    select room_id, case status when 'finished' then 'player_finished' else 'player_left' end, id, concat(outcome)
    from player where session_id = %(session_id)s and status in ('finished', 'left')
    union all
    select room_id, 'player_goes_on', id, concat(outcome)
    from player where session_id = %(session_id)s and waited_until is not null
    union all
    -- Of a solo part nobody else's log tells.
    select case when own then id end, 'room_opened', player_id, concat_ws(', ', name, case when player_id is not null then during end)
    from room cross join (values (true), (false)) as log(own) where session_id = %(session_id)s and (own or player_id is null)
    union all
    select case when own then id end, 'room_ended', null, name || ': ' || outcome
    from room cross join (values (true), (false)) as log(own)
    where session_id = %(session_id)s and status = 'ended' and (own or player_id is null)
    union all
    select null, 'session_started', null, '' from session where id = %(session_id)s and started_at is not null
    union all
    select null, 'session_closed', null, '' from session where id = %(session_id)s and closed_at is not null
), told as (
    select l.room_id, e.name, e.player_id, case e.name
        when 'player_placed' then concat('room ', e.data->>'room_id', ', slot ', e.data->>'slot')
        when 'player_finished' then coalesce(i.outcome, e.data->>'outcome', '')
        when 'player_left' then coalesce(i.outcome, e.data->>'outcome', '')
        when 'player_goes_on' then coalesce(i.outcome, e.data->>'outcome', '')
        when 'room_opened' then concat_ws(', ', e.data->>'room', e.data->>'during')
        when 'room_ended' then concat(e.data->>'room', ': ', e.data->>'outcome')
        else '' end as detail
    from event e left join log l on l.id = e.log_id and l.session_id = %(session_id)s left join issued i on i.player_id = e.player_id
    where e.session_id = %(session_id)s and e.name in ('player_signed_in', 'player_placed', 'player_finished',
        'player_left', 'player_goes_on', 'room_opened', 'room_ended', 'session_started', 'session_closed')
)
select format('%%s: %%s times, but %%s times in the log of %%s', concat_ws(', ', name, 'player ' || player_id, nullif(detail, '')),
    sum(happened), sum(told), coalesce('room ' || room_id, 'the session'))
from (
    select room_id, name, player_id, detail, 1 as happened, 0 as told from happened
    union all
    select room_id, name, player_id, detail, 0, 1 from told
) both_sides
group by room_id, name, player_id, detail having sum(happened) <> sum(told)
order by room_id nulls first, name, player_id

-- name: one_slot_one_player
select format('slot %%s of room %%s: players %%s', slot, room_id, string_agg(id::text, ', ' order by id)) as problem
from player where session_id = %(session_id)s and slot is not null and not replaced group by room_id, slot having count(*) > 1
union all
select format('slot %%s of room %%s is there %%s times', slot, room_id, count(*))
from slot where session_id = %(session_id)s group by room_id, slot having count(*) > 1
union all
-- Unless the room's log says that a bot has had it from the start.
select format('slot %%s of room %%s has no player', s.slot, s.room_id)
from slot s left join player p on p.room_id = s.room_id and p.slot = s.slot and p.session_id = %(session_id)s and not p.replaced
left join room r on r.id = s.room_id and r.session_id = %(session_id)s
where s.session_id = %(session_id)s and p.id is null and r.player_id is null and (s.bot and (s.room_id, s.slot, s.type) in (
    select l.room_id, (e.data->>'slot')::int, e.data->>'type'
    from log l join event e on e.log_id = l.id and e.name = 'bot_placed' and e.session_id = %(session_id)s
    where l.session_id = %(session_id)s and l.room_id is not null and e.data ? 'type'
)) is not true
union all
select format('player %%s sits in slot %%s of room %%s, which is not there', p.id, p.slot, p.room_id)
from player p left join slot s on s.room_id = p.room_id and s.slot = p.slot and s.session_id = %(session_id)s
where p.session_id = %(session_id)s and p.slot is not null and s.slot is null

-- name: one_player_one_slot
select format('player %%s is there %%s times', id, count(*)) as problem
from player where session_id = %(session_id)s group by id having count(*) > 1
union all
select format('players %%s have one token', string_agg(id::text, ', ' order by id))
from player where session_id = %(session_id)s group by token_hash having count(*) > 1
union all
select format('players %%s have one label, %%s', string_agg(id::text, ', ' order by id), label)
from player where session_id = %(session_id)s group by label having count(*) > 1

-- name: one_id_at_the_door_one_player
select format('players %%s came by one id', string_agg(id::text, ', ' order by id)) as problem
from player where session_id = %(session_id)s and door_id is not null group by door_id having count(*) > 1
union all
select format('player %%s came by the link for everybody, but their id is not in what it brought', id)
from player where session_id = %(session_id)s and erased_at is null and by_door is not null
    and not starts_with(door_id, 'browser ')
    and not exists (select from jsonb_each_text(given) g where g.value = door_id)
union all
select format('player %%s came by the link for everybody, and nothing finds them again', id)
from player where session_id = %(session_id)s and erased_at is null and by_door is not null and door_id is null
union all
select format('players %%s are the number %%s that came by the link for everybody', string_agg(id::text, ', ' order by id),
    by_door)
from player where session_id = %(session_id)s and by_door is not null group by by_door having count(*) > 1

-- name: who_goes_on_came_through
select format('player %%s: %%s', p.id, case
    when p.session_id <> e.session_id then format('is in the session %%s, not in %%s', p.session_id, e.session_id)
    when p.erased_at is not null or q.erased_at is not null then 'what is known from before was to be erased'
    when s.from_session_id is distinct from q.session_id then format('goes on from player %%s of the session %%s', q.id, q.session_id)
    when p.by_door is null and p.token_hash <> q.token_hash then format('has another link than player %%s, who they were', q.id)
    else format('did not come through: it ended as %%s', e.said->>'outcome') end) as problem
from earlier e join player p on p.id = e.player_id join session s on s.id = e.session_id join player q on q.id = e.earlier_id
where e.session_id = %(session_id)s and (p.session_id <> e.session_id or p.erased_at is not null or q.erased_at is not null
    or s.from_session_id is distinct from q.session_id or not coalesce(e.said->>'outcome' = any(s.from_outcomes), false)
    or p.by_door is null and p.token_hash <> q.token_hash)
union all
select format('players %%s were player %%s', string_agg(player_id::text, ', ' order by player_id), earlier_id)
from earlier where session_id = %(session_id)s and earlier_id is not null group by earlier_id having count(*) > 1
union all
select format('player %%s came by the link for everybody, and was not in the session before', p.id)
from player p join session s on s.id = p.session_id
where s.id = %(session_id)s and s.from_session_id is not null and p.by_door is not null and p.erased_at is null
    and not exists (select from earlier e where e.player_id = p.id and e.session_id = %(session_id)s)
    and not exists (select from erasure where session_id = s.from_session_id)

-- name: status_and_slot_agree
select format('player %%s: %%s, room %%s, slot %%s, signed in %%s, seated %%s', id, status, coalesce(room_id::text, 'none'),
    coalesce(slot::text, 'none'), coalesce(signed_in_at::text, 'never'), coalesce(seated_at::text, 'never'))
from player
where session_id = %(session_id)s and (
    (room_id is null) <> (slot is null)
    or (slot is null) <> (seated_at is null)
    or status in ('invited', 'before', 'waiting') and slot is not null
    or (status = 'playing' or status = 'finished' and %(rooms)s::boolean) and slot is null
    or (status = 'invited') <> (signed_in_at is null)
)
order by id

-- name: solo_parts_fit_their_players
-- Somebody who has just come may have no part yet: it is opened right after that, by whichever process is alive.
with part as (
    select r.id, r.name, r.kind, r.number, r.status, r.outcome, r.during, r.player_id, r.step, r.opened_at, p.id as of, p.status as now,
        p.slot, p.seated_at, p.queued_from, p.waited_until
    from room r left join player p on p.id = r.player_id and p.session_id = %(session_id)s
    where r.session_id = %(session_id)s and (r.player_id is not null or r.during <> 'playing')
), step as (
    select * from unnest(%(all_steps)s::text[], %(parts)s::text[]) as step(step, during)
)
select format('player %%s has %%s parts %%s', player_id, count(*), during) as problem
from part where player_id is not null group by player_id, during having count(*) > 1
union all
select format('part %%s of player %%s: %%s', name, player_id, what) from part cross join lateral (values
    (of is null, 'nobody of this session has that number'),
    (during not in ('before', 'after'), 'it is with others'),
    (kind <> during::text or number <> number_alone(player_id), format('it is for player %%s, %%s', player_id, during)),
    (not exists (select from step where step.step = part.step and step.during = part.during::text),
        format('step %%s is of another part', step)),
    ((select array_agg((s.slot, s.type)::text) from slot s where s.room_id = part.id) is distinct from array['(1,any)'],
        'it has not one seat, for anybody'),
    (status = 'playing' and now is distinct from during, format('the player is %%s', now)),
    (status = 'ended' and now = during, format('the player is %%s, and it has ended', now)),
    (during = 'before' and status = 'playing' and coalesce(queued_from, seated_at) is not null, 'the player was in the lobby'),
    (during = 'before' and status = 'ended' and outcome = 'complete' and %(rooms)s::boolean and queued_from is null,
        'it is complete, and the player was never in the lobby'),
    (during = 'before' and status = 'ended' and outcome <> 'complete' and (slot is not null or coalesce(queued_from, waited_until) is not null),
        format('it ended with %%s, and the player went on', outcome)),
    (during = 'after' and (now in ('invited', 'before', 'waiting', 'playing') or waited_until is null and %(rooms)s::boolean),
        format('the player is %%s, and went on never', now))
) as w(wrong, what) where wrong
union all
select format('player %%s was in the lobby from %%s, and has no part before it', p.id, p.queued_from) from player p
where p.session_id = %(session_id)s and p.queued_from is not null
    and not exists (select from part where part.player_id = p.id and part.during = 'before')
union all
select format('player %%s: %%s', p.id, what) from player p cross join lateral (values
    (p.queued_from < p.signed_in_at, 'was in the lobby before they came'),
    (coalesce(p.seated_at, p.waited_until) < p.queued_from, 'was in the lobby after their room'),
    (%(has_before)s::boolean and p.slot is not null and p.queued_from is null, 'has a slot, and skipped what comes before'),
    (p.waited_until < p.seated_at, 'went on before they sat down'),
    (p.finished_at < p.waited_until, 'was done before they went on')
) as w(wrong, what) where p.session_id = %(session_id)s and wrong

-- name: types_fit_seats
select format('player %%s is %%s, but slot %%s of room %%s is for %%s', p.id, p.type, s.slot, s.room_id, s.type)
from player p join slot s on s.room_id = p.room_id and s.session_id = %(session_id)s and s.slot = p.slot
where p.session_id = %(session_id)s and s.type not in ('any', p.type)
order by p.id

-- name: rooms_fit_the_study
with wanted as (
    select * from unnest(%(seat_kinds)s::text[], %(seat_types)s::text[], %(seat_counts)s::int[]) as w(kind, type, seats)
), made as (
    select r.id, r.name, r.kind, s.type, count(*) as seats
    from room r join slot s on s.room_id = r.id and s.session_id = %(session_id)s where r.session_id = %(session_id)s and r.player_id is null
    group by r.id, r.name, r.kind, s.type
)
select format('room %%s: %%s seats for %%s, where the study has %%s', coalesce(m.name, w.name), coalesce(m.seats, 0),
    coalesce(m.type, w.type), coalesce(w.seats, 0)) as problem
from made m full join (
    select r.id, r.name, w.type, w.seats from room r join wanted w on w.kind = r.kind
    where r.session_id = %(session_id)s and r.player_id is null
) w on w.id = m.id and w.type = m.type
where m.seats is distinct from w.seats
union all
select format('room %%s has slots %%s, not 1 to %%s', r.name, string_agg(s.slot::text, ', ' order by s.slot), count(*))
from room r join slot s on s.room_id = r.id and s.session_id = %(session_id)s where r.session_id = %(session_id)s
group by r.id, r.name having min(s.slot) <> 1 or max(s.slot) <> count(*)
union all
select format('%%s rooms are %%s', count(*), r.name)
from room r where r.session_id = %(session_id)s group by r.name having count(*) > 1
union all
select format('%%s rooms of kind %%s, where the study has at most %%s', count(*), r.kind, k.most)
from room r join unnest(%(kinds)s::text[], %(kind_limits)s::int[]) as k(kind, most) on k.kind = r.kind
where r.session_id = %(session_id)s group by r.kind, k.most having count(*) > k.most

-- name: what_ended_has_ended
select format('player %%s plays in room %%s, which has ended', p.id, r.name) as problem
from player p join room r on r.id = p.room_id and r.session_id = %(session_id)s
where p.session_id = %(session_id)s and p.status = 'playing' and r.status = 'ended'
union all
select format('room %%s: %%s, ended %%s, outcome %%s', name, status, coalesce(ended_at::text, 'never'), coalesce(outcome, 'none'))
from room where session_id = %(session_id)s
    and ((status = 'ended') <> (ended_at is not null) or (status = 'ended') <> (outcome is not null))
union all
select format('the session is closed, but room %%s plays', r.name)
from room r join session s on s.id = r.session_id
where r.session_id = %(session_id)s and s.status = 'closed' and r.status = 'playing'
union all
select format('the session is closed, but player %%s is %%s', p.id, p.status)
from player p join session s on s.id = p.session_id
where p.session_id = %(session_id)s and s.status = 'closed' and p.status in ('before', 'waiting', 'playing', 'after')

-- name: who_is_out_has_a_code
-- How it ended in a room stands, with its code, for whoever goes through what comes after it.
select format('player %%s: %%s, outcome %%s, code %%s, where the study has %%s', p.id, p.status, coalesce(p.outcome, 'none'),
    coalesce(p.code, 'none'), coalesce(c.code, 'none'))
from player p left join unnest(%(outcomes)s::text[], %(codes)s::text[]) as c(outcome, code) on c.outcome = p.outcome
where p.session_id = %(session_id)s and case
    when p.status in ('finished', 'left') then p.code is null or p.code is distinct from c.code or p.finished_at is null
    when p.status = 'after' then p.code is distinct from c.code or p.finished_at is not null
        or (p.code is null) <> (p.waited_until is null)
    else p.code is not null or p.finished_at is not null or p.outcome is not null end
order by p.id

-- name: one_record_per_form_and_field
select format('records %%s of player %%s: one form gave field %%s more than once', string_agg(id::text, ', ' order by id),
    min(player_id), field)
from record where session_id = %(session_id)s group by form, field having count(*) > 1
order by min(id)

-- name: versions_count_up
select format('player %%s, step %%s, round %%s, field %%s: versions %%s', player_id, step, round, field,
    string_agg(version::text, ', ' order by version, id))
from record where session_id = %(session_id)s
group by room_id, round, step, player_id, field
having count(distinct version) <> count(*) or min(version) <> 1 or max(version) <> count(*)
order by min(id)

-- name: records_have_a_place
select format('record %%s: %%s', a.id, case
    when p.id is null then format('player %%s is not in this session', a.player_id)
    when r.id is null then format('room %%s is not in this session', a.room_id)
    when r.player_id <> a.player_id then format('it is of the solo steps of player %%s, and by player %%s', r.player_id, a.player_id)
    when r.player_id is null and p.room_id is distinct from a.room_id then format('player %%s sits in room %%s, not in room %%s',
        a.player_id, coalesce(p.room_id::text, 'none'), a.room_id)
    else format('step %%s is not of room %%s', a.step, r.name) end)
from record a
left join player p on p.id = a.player_id and p.session_id = %(session_id)s
left join room r on r.id = a.room_id and r.session_id = %(session_id)s
left join unnest(%(all_steps)s::text[], %(parts)s::text[]) as step(step, during) on step.step = a.step
where a.session_id = %(session_id)s and (
    r.id is null or p.id is null
    or case when r.player_id is null then p.room_id is distinct from a.room_id else r.player_id <> a.player_id end
    or step.during <> r.during::text
)
order by a.id

-- name: records_fit_the_study
select format('record %%s: the study has no field %%s at step %%s, round %%s', a.id, a.field, a.step, a.round)
from record a left join unnest(%(steps)s::text[], %(rounds)s::int[], %(fields)s::text[]) as plan(step, round, field)
    on plan.step = a.step and plan.round = a.round and plan.field = a.field
where a.session_id = %(session_id)s and plan.step is null
order by a.id

-- name: moves_are_handled_once
-- By what the study calls a move and how late its record is, and by where its room is now.
with said as (
    select r.id, r.late from record r
    join unnest(%(move_steps)s::text[], %(move_names)s::text[]) as of_study(step, name) on (of_study.step, of_study.name) = (r.step, r.field)
    where r.session_id = %(session_id)s
), counted as (
    select m.*, row_number() over (partition by m.room_id, m.position order by m.nth) as due
    from move m where m.session_id = %(session_id)s and m.nth is not null
)
select format('record %%s is a move%%s', said.id, case when said.late
    then ' that came late, and was to be handled' else ', and was never to be handled' end) as problem
from said left join move m on m.record_id = said.id where said.late <> (m.record_id is null)
union all
select format('move %%s of player %%s is no record of theirs in that room', m.record_id, m.player_id)
from move m left join record r on r.id = m.record_id and r.session_id = %(session_id)s and (r.player_id, r.room_id) = (m.player_id, m.room_id)
where m.session_id = %(session_id)s and m.player_id is not null and r.id is null
union all
select format('move %%s is a bot’s, and %%s', m.record_id,
    case when r.id is not null then 'there is such a record' else format('no bot has had slot %%s of that room', m.slot) end)
from move m left join record r on r.id = m.record_id
where m.session_id = %(session_id)s and m.player_id is null and (r.id is not null or ((m.room_id, m.slot) in (
    select l.room_id, (e.data->>'slot')::int from event e join log l on l.id = e.log_id and l.session_id = %(session_id)s
    where e.session_id = %(session_id)s and l.room_id is not null and e.name = 'bot_placed')) is not true)
union all
select format('move %%s of player %%s was never handled, and its step is over', m.record_id, m.player_id)
from move m left join room r on r.id = m.room_id and r.session_id = %(session_id)s
where m.session_id = %(session_id)s and m.nth is null and (r.status = 'ended' or r.position is distinct from m.position)
union all
select format('move %%s is number %%s of room %%s, position %%s, where number %%s was due', record_id, nth, room_id, position, due)
from counted where nth <> due

-- name: steps_end_when_it_is_quiet
-- Where the deadline comes so long after the last move that counted, none that counted is later than that; nor is any
-- later than the step can last. Of those at the same moment the one that was made first may be handled second, so what
-- puts it off is the latest. A researcher may have moved the deadline.
with counted as (
    select m.record_id, m.room_id, m.position, m.since, q.seconds, q.most, max(m.since) over (
        partition by m.room_id, m.position order by m.nth rows between unbounded preceding and 1 preceding) as before
    from move m join unnest(%(quiet_positions)s::int[], %(quiet_seconds)s::float[], %(quiet_most)s::float[])
        as q(position, seconds, most) on q.position = m.position
    where m.session_id = %(session_id)s and m.accepted
)
select format('move %%s counted %%s s after the one before, at a step that was over after %%s s', c.record_id,
    round((c.since - c.before)::numeric, 3), c.seconds) as problem
from counted c left join opened_step o on o.room_id = c.room_id and o.session_id = %(session_id)s and o.position = c.position
where o.room_id is null or o.extended = '0' and (c.since > c.before + c.seconds + 0.001 or c.since > c.most + 0.001)

-- name: moves_took_what_the_clock_showed
-- Reckoned again from when each was stored.
with shown as (
    select m.record_id, m.clock, k.start + k.step * floor(round(greatest(m.since, 0) * 1e6) / round(k.every * 1e6))::numeric as free,
        k.step, nullif(k.ends, '')::numeric as ends
    from move m join unnest(%(clock_positions)s::int[], %(clock_starts)s::numeric[], %(clock_steps)s::numeric[],
        %(clock_everys)s::float[], %(clock_ends)s::text[]) as k(position, start, step, every, ends) on k.position = m.position
    where m.session_id = %(session_id)s and (m.accepted or m.clock is not null)
), due as (
    select *, case when ends is null then free when step > 0 then least(free, ends) else greatest(free, ends) end as value from shown
)
select format('move %%s took %%s, and the clock showed %%s', record_id, coalesce(clock, 'nothing'), trim_scale(value)) as problem
from due where clock is null or clock::numeric <> value

-- name: moves_are_in_the_log
-- What moves said is read as JSON once it is known which records are of moves: others say anything.
with told as (
    select l.room_id, e.player_id, e.data, (e.data->>'record')::bigint as record_id from event e join log l on l.id = e.log_id and l.session_id = %(session_id)s
    where e.session_id = %(session_id)s and e.name = 'move_made'
), of_record as materialized (
    select m.record_id, m.room_id, m.player_id, m.position, m.slot, m.nth, m.accepted, m.sentence, m.state, m.results, m.ends,
        coalesce(m.value, r.value) as value, coalesce(m.name, r.field) as field
    from move m left join record r on r.id = m.record_id and r.session_id = %(session_id)s
    where m.session_id = %(session_id)s and m.nth is not null
), made as materialized (
    select *, coalesce(nullif(value, ''), '{}')::jsonb as said from of_record
)
select format('move %%s of player %%s: %%s', coalesce(m.record_id, t.record_id), coalesce(m.player_id, t.player_id), case
    when t.record_id is null then 'nothing is in the log' when m.record_id is null then 'it is in the log, and was not handled'
    else 'the log says otherwise' end) as problem
from made m full join told t on t.record_id = m.record_id
where m.record_id is null or t.record_id is null or (
        t.room_id, t.player_id, t.data->'position', t.data->'slot', t.data->'nth', t.data->'accepted', t.data->>'move', t.data->'values'
    ) is distinct from (
        m.room_id, m.player_id, to_jsonb(m.position), to_jsonb(m.slot), to_jsonb(m.nth), to_jsonb(m.accepted), m.field, m.said
    ) or (t.data->'state', t.data->'results') is distinct from (m.state, m.results)
    or coalesce(t.data->>'sentence', '') <> m.sentence or coalesce((t.data->>'ends')::boolean, false) <> m.ends
union all
select format('move %%s is in the log %%s times', record_id, count(*)) from told group by record_id having count(*) > 1

-- name: moves_gave_the_results
-- What the step's end computed under the same name counts instead, and what was erased says nothing.
with given as (
    select distinct on (m.room_id, m.position, of_slot.slot, of_move.name) m.record_id, m.room_id, m.position, of_move.name,
        of_slot.slot::int as slot, of_slot.value
    from move m cross join jsonb_each(m.results) as of_move(name, by_slot)
    cross join jsonb_each_text(of_move.by_slot) as of_slot(slot, value)
    where m.session_id = %(session_id)s and m.accepted
    order by m.room_id, m.position, of_slot.slot, of_move.name, m.nth desc
)
select format('move %%s gave slot %%s of room %%s %%s = %%s, and %%s', g.record_id, g.slot, g.room_id, g.name, g.value,
    case when t.room_id is null then 'there is no such result' else 'it is ' || t.value end) as problem
from given g left join result t using (room_id, position, slot, name)
where t.room_id is null or t.made_by = 'move' and not t.erased and t.value <> g.value
union all
select format('slot %%s of room %%s has %%s = %%s by a move, and none gave it', t.slot, t.room_id, t.name, t.value)
from result t left join given g using (room_id, position, slot, name)
where t.session_id = %(session_id)s and t.made_by = 'move' and g.room_id is null

-- name: messages_have_a_place
-- Who gets a message: whoever is tied to the sender then, or the room if its talk is for the room.
select format('message %%s: %%s', m.id, case
    when r.id is null then format('room %%s is not in this session', m.room_id)
    when m.slot = 0 and talk.mediated is not true then 'its step has no mediator there'
    when m.player_id is null and m.slot > 0 and b.room_id is null then format('no bot has had slot %%s of room %%s', m.slot, r.name)
    when p.id is null and m.player_id is not null then format('player %%s is not in this session', m.player_id)
    when m.player_id is not null and (p.room_id, p.slot) is distinct from (m.room_id, m.slot)
        then format('player %%s does not sit in slot %%s of room %%s', m.player_id, m.slot, m.room_id)
    when talk.step is null then concat('nobody can talk at step ', m.step, ' in channel ' || m.channel)
    when talk."of" = 'direct' and m.to_slot is null then 'it is for nobody'
    when s.slot is null then format('there is no slot %%s in room %%s', m.to_slot, r.name)
    else format('slot %%s of room %%s does not see slot %%s', m.to_slot, r.name, m.slot) end)
from (
    select message.*, (
        select max(n.position) from network n where n.room_id = message.room_id and n.position <= message.position
    ) as began
    from message where session_id = %(session_id)s
) m
left join player p on p.id = m.player_id and p.session_id = %(session_id)s
left join room r on r.id = m.room_id and r.session_id = %(session_id)s
left join (
    select distinct l.room_id, (e.data->>'slot')::int as slot from log l join event e on e.log_id = l.id and e.name = 'bot_placed'
    where l.session_id = %(session_id)s and e.session_id = %(session_id)s
) b on m.player_id is null and b.room_id = m.room_id and b.slot = m.slot
left join slot s on s.room_id = m.room_id and s.session_id = %(session_id)s and s.slot = coalesce(m.to_slot, case when m.slot > 0 then m.slot else 1 end)
left join tie t on t.room_id = m.room_id and t.session_id = %(session_id)s and t.position = m.began and t.from_slot = m.to_slot and t.to_slot = m.slot
left join unnest(%(talk_steps)s::text[], %(talk_channels)s::text[], %(talk_of)s::text[], %(talk_mediated)s::boolean[])
    as talk(step, channel, "of", mediated) on talk.step = m.step and talk.channel = coalesce(m.channel, '')
where r.id is null or case when m.slot = 0 then talk.mediated is not true when m.player_id is null then b.room_id is null else (p.room_id, p.slot) is distinct from (m.room_id, m.slot) end
    or talk.step is null or s.slot is null or m.to_slot = m.slot
    or m.to_slot is not null and m.slot > 0 and t.to_slot is null and talk."of" <> 'room' or talk."of" = 'direct' and m.to_slot is null
order by m.id

-- name: one_message_per_form
select format('messages %%s: sent by one form', string_agg(id::text, ', ' order by id))
from message where session_id = %(session_id)s group by form having count(*) > 1
order by min(id)

-- name: messages_are_in_order
select format('message %%s comes after message %%s in log %%s', id, before, log_id)
from (
    select log_id, seq, (data->>'message')::bigint as id,
        lag((data->>'message')::bigint) over (partition by log_id order by seq) as before
    from event where session_id = %(session_id)s and name = 'message_sent'
) m
where before > id order by log_id, seq

-- name: ties_go_both_ways
-- Who sees is seen, unless the study's network is directed.
select format('room %%s, position %%s: slot %%s sees %%s, but not the other way round', t.room_id, t.position, t.from_slot, t.to_slot)
    as problem
from tie t join room r on r.id = t.room_id and r.session_id = %(session_id)s
left join tie back on back.room_id = t.room_id and back.session_id = %(session_id)s and back.position = t.position and back.from_slot = t.to_slot
    and back.to_slot = t.from_slot and back.weight = t.weight
where t.session_id = %(session_id)s and back.room_id is null and not r.kind = any(%(directed)s::text[])
union all
select format('room %%s, position %%s: the tie from %%s to %%s joins no two slots', t.room_id, t.position, t.from_slot, t.to_slot)
from tie t left join slot a on a.room_id = t.room_id and a.session_id = %(session_id)s and a.slot = t.from_slot
left join slot b on b.room_id = t.room_id and b.session_id = %(session_id)s and b.slot = t.to_slot
where t.session_id = %(session_id)s and (a.slot is null or b.slot is null or t.from_slot = t.to_slot)
union all
select format('room %%s, position %%s: the tie from %%s to %%s is there %%s times', room_id, position, from_slot, to_slot, count(*))
from tie where session_id = %(session_id)s group by room_id, position, from_slot, to_slot having count(*) > 1

-- name: networks_are_logged
-- Each room opens with one, and the log has all others, tie by tie.
select format('room %%s has no network to begin with', r.id) as problem
from room r left join network n on n.room_id = r.id and n.session_id = %(session_id)s and n.position = 0
where r.session_id = %(session_id)s and n.room_id is null and r.player_id is null
union all
select format('room %%s, position %%s: the log tells of another network than what is stored',
    coalesce(stored.room_id, told.room_id), coalesce(stored.position, told.position))
from (
    select n.room_id, n.position, coalesce(string_agg(format('%%s-%%s', t.from_slot, t.to_slot), ' '
        order by t.from_slot, t.to_slot) filter (where t.from_slot is not null), '') as ties
    from network n left join tie t on t.room_id = n.room_id and t.session_id = %(session_id)s and t.position = n.position
    where n.session_id = %(session_id)s and n.position > 0 group by n.room_id, n.position
) stored full join (
    select l.room_id, (e.data->>'position')::int as position, coalesce((
        select string_agg(format('%%s-%%s', tie->>0, tie->>1), ' ' order by (tie->>0)::int, (tie->>1)::int)
        from jsonb_array_elements(e.data->'ties') tie), '') as ties
    from event e join log l on l.id = e.log_id and l.session_id = %(session_id)s
    where e.session_id = %(session_id)s and e.name = 'network_rewired'
) told on told.room_id = stored.room_id and told.position = stored.position
where stored.ties is distinct from told.ties

-- name: earnings_are_in_the_log
with stored as (
    select room_id, player_id, concat_ws(E'\x1f', position, amount, reason) as what, 1 as kept, 0 as told
    from earning where session_id = %(session_id)s
), told as (
    select l.room_id, e.player_id, concat_ws(E'\x1f', e.data->>'position', e.data->>'amount', e.data->>'reason'), 0, 1
    from event e left join log l on l.id = e.log_id and l.session_id = %(session_id)s where e.session_id = %(session_id)s and e.name = 'player_earned'
)
select format('player %%s earned %%s at place %%s of the plan, by %%s: stored %%s times, but %%s times in the log of room %%s',
    player_id, split_part(what, E'\x1f', 2), split_part(what, E'\x1f', 1), split_part(what, E'\x1f', 3), sum(kept), sum(told),
    coalesce(room_id::text, 'none'))
from (select * from stored union all select * from told) both_sides
group by room_id, player_id, what having sum(kept) <> 1 or sum(told) <> 1
order by player_id, what

-- name: earnings_have_a_place
select format('earning %%s: %%s', e.id, case
    when p.id is null then format('player %%s is not in this session', e.player_id)
    when case when r.player_id is null then p.room_id is distinct from e.room_id else r.player_id <> p.id end
        then format('player %%s sits in room %%s, not in room %%s', e.player_id, coalesce(p.room_id::text, 'none'), e.room_id)
    when not e.position between 0 and cardinality(%(position_parts)s::text[]) - 1 then format('the plan has no place %%s', e.position)
    else format('place %%s of the plan is not %%s', e.position, coalesce(r.during::text, 'of any room')) end) as problem
from earning e left join player p on p.id = e.player_id and p.session_id = %(session_id)s
left join room r on r.id = e.room_id and r.session_id = %(session_id)s
where e.session_id = %(session_id)s and (
    case when r.player_id is null then p.room_id is distinct from e.room_id else r.player_id is distinct from p.id end
    or (%(position_parts)s::text[])[e.position + 1] is distinct from r.during::text
)
union all
select format('earnings %%s: player %%s earned by %%s at place %%s of the plan more than once',
    string_agg(id::text, ', ' order by id), player_id, reason, position)
from earning where session_id = %(session_id)s group by room_id, player_id, position, reason having count(*) > 1

-- name: erasures_explain_what_is_gone
-- Each tombstone is of somebody, or of everybody; what it says went, is what is gone.
with gone as (
    select 'record' as what, id, player_id, value as left_over from record where session_id = %(session_id)s and erased
    union all
    select 'message', id, player_id, body from message where session_id = %(session_id)s and erased
    union all
    select 'note', id, player_id, body from note where session_id = %(session_id)s and erased
    union all
    select 'label', id, id, concat(nullif(entry::text, '{}'), nullif(given::text, '{}'), token_end) from player
    where session_id = %(session_id)s and erased_at is not null
), counted as (
    select what, count(*) as gone from gone group by what
), told as (
    select t.what, coalesce(sum(t.told), 0) as told from erasure e cross join lateral (
        values ('record', records), ('message', messages), ('note', notes), ('label', people)) as t(what, told)
    where e.session_id = %(session_id)s group by t.what
)
select format('%%s %%s of player %%s: erased, and no erasure tells of it', g.what, g.id, g.player_id) as problem
from gone g where not exists (
    select from erasure e where e.session_id = %(session_id)s
        -- A bot may have quoted anybody.
        and (coalesce(e.player_id, g.player_id) = g.player_id or g.player_id is null)
)
union all
select format('%%s %%s of player %%s: erased, but something of it is left', what, id, player_id)
from gone where left_over <> ''
union all
select format('%%s %%ss are erased, but the erasures tell of %%s', coalesce(c.gone, 0), what, coalesce(t.told, 0))
from counted c full join told t using (what) where coalesce(c.gone, 0) <> coalesce(t.told, 0)
union all
select format('erasure %%s: %%s receipts were not what was stored when it began', id, broken)
from erasure where session_id = %(session_id)s and broken > 0
union all
select format('erasure %%s of %%s by %%s: %%s times in the session''s log', e.id, coalesce('player ' || e.player_id, 'everybody'), e.by, count(v.seq))
from erasure e left join log l on l.session_id = e.session_id and l.room_id is null
left join event v on v.log_id = l.id and v.name = 'data_erased' and v.player_id is not distinct from e.player_id
    and (v.data->>'by', v.data->>'why', (v.data->>'records')::integer, (v.data->>'messages')::integer, (v.data->>'people')::integer)
        = (e.by, e.why, e.records, e.messages, e.people)
where e.session_id = %(session_id)s group by e.id having count(v.seq) = 0

-- name: owed
-- Told in other words than in app/players/pay.py, so that the two can disagree. (`least` passes over a null: no most.)
select id, outcome, round(base + waiting + case when earned is null then 0
    else least(greatest(earned, %(least)s::numeric, -(base + waiting)), %(most)s::numeric) end, %(digits)s)
from (
    select p.id, p.outcome, coalesce(o.base, 0) as base, round(%(a_minute)s::numeric * greatest(0,
        floor(extract(epoch from came.out - came.into))) / 60, 10) as waiting,
        e.earned
    from player p left join unnest(%(outcomes)s::text[], %(bases)s::numeric[]) as o(outcome, base) on o.outcome = p.outcome
    left join (
        select player_id, sum(amount) * %(per_point)s::numeric as earned from earning
        where session_id = %(session_id)s group by player_id
    ) e on e.player_id = p.id
    -- The lobby, where there was one for them: whoever was out before they reached it has not waited.
    cross join lateral (select coalesce(p.seated_at, p.waited_until, p.finished_at) as out, coalesce(p.queued_from,
        case when not %(has_before)s::boolean then p.signed_in_at end) as into) came
    where p.session_id = %(session_id)s and p.status in ('finished', 'left')
) parts

-- name: study_sha256
select study_sha256 from session where id = %(session_id)s

-- name: study_files
select path, body from study_file where session_id = %(session_id)s

-- name: stored_history
-- Told in other words than in the export's own query, so that the two can disagree. `claims`: what an export may say of
-- when it was first sent; nothing, too, where that was told after it, or just before it and was on its way.
select a.id, concat_ws(E'\x1f', a.player_id, case when r.during = 'playing' then r.name else '' end, a.step, a.round, a.field, a.value, a.version,
    case a.late when true then 'true' when false then 'false' end, to_char(a.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')),
    a.erased, case when c.form is null then array[''] else array_remove(array[
        to_char(c.tried_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        case when c.at > %(as_of)s::timestamptz - interval '10 s' then '' end], null) end as claims
from record a left join room r on r.id = a.room_id and r.session_id = %(session_id)s left join late_claim c on a.late and c.form = a.form
where a.session_id = %(session_id)s order by a.id

-- name: stored_records
select a.id, concat_ws(E'\x1f', a.player_id, case when r.during = 'playing' then r.name else '' end, a.step, a.round, a.field, a.value, a.version,
    case a.late when true then 'true' when false then 'false' end, to_char(a.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')),
    a.erased, '{}'::text[] as claims
from (
    select distinct on (room_id, round, step, player_id, field) id, room_id, player_id, step, round, field, value, version, late, at, erased
    from record where session_id = %(session_id)s
    order by room_id, round, step, player_id, field, case when late then 1 else 0 end, version desc, id desc
) a left join room r on r.id = a.room_id and r.session_id = %(session_id)s
order by a.id

-- name: stored_messages
select m.id, concat_ws(E'\x1f', coalesce(m.player_id::text, ''), coalesce(r.name, ''), coalesce(m.to_slot::text, ''), m.body,
    to_char(m.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), m.slot, m.step, m.round), m.erased,
    array[coalesce(m.channel, '')] as claims
from message m left join room r on r.id = m.room_id and r.session_id = %(session_id)s
where m.session_id = %(session_id)s order by m.id

-- name: own_codes
-- What each player hands in for each code of the study, made here once more: HMAC with SHA-256, RFC 2104. Who was erased
-- hands in the study's code, and may have handed in their own before.
with padded as (
    select key || decode(repeat('00', 64 - length(key)), 'hex') as key from secret
), pads as (
    select string_agg(set_byte('\x00', 0, get_byte(key, n) # 54), ''::bytea order by n) as inner_pad,
        string_agg(set_byte('\x00', 0, get_byte(key, n) # 92), ''::bytea order by n) as outer_pad
    from padded cross join generate_series(0, 63) as n
)
select p.id::text, c.code, p.code is not distinct from c.code as is_now, p.erased_at is not null as erased, c.code || '-' || (
    select string_agg(substr(%(letters)s, get_byte(mac, n) %% length(%(letters)s) + 1, 1), '' order by n)
    from generate_series(0, %(own_letters)s - 1) as n
)
from player p cross join (select distinct unnest(%(codes)s::text[])) as c(code) cross join pads
cross join lateral sha256(outer_pad || sha256(
    inner_pad || convert_to(concat_ws(' ', 'code', p.session_id, p.id, c.code), 'UTF8'))) as made(mac)
where p.session_id = %(session_id)s and p.code is not null
