-- All triggers and the only NOTIFY. Re-runnable; applied whole at each migrate.
--
-- A trigger turns changed rows into event rows. A log's row is locked last in the transaction and in id
-- order, so that sequence numbers are gapless and in commit order. The notification is a hint that names
-- the logs; whoever hears it reads the events.
--
-- app/database/events.py declares each event and what it carries; a story holds what is written here against it.
-- What changes in a session, a room or a player is in its event, exact to the microsecond: app/replay/fold.py makes the
-- tables again from the logs, and `networklab replay --check` finds a column that an event forgets.

create or replace function append_events(
    logs bigint[], names text[], players bigint[], datas jsonb[], records int[] default null, messages int[] default null
) returns void language plpgsql as $$
begin
    if logs is null or cardinality(logs) = 0 then
        return;
    end if;
    perform 1 from log where id = any(logs) order by id for no key update;
    with given as (
        select * from unnest(logs, names, players, datas, records, messages) with ordinality
            as g(log_id, name, player_id, data, records, messages, nth)
    ), counted as (
        select log_id, count(*) as events, coalesce(sum(g.records), 0) as records, coalesce(sum(g.messages), 0) as messages
        from given g group by log_id
    ), moved as (
        update log set last_seq = last_seq + c.events, records = log.records + c.records,
            messages = log.messages + c.messages
        from counted c where log.id = c.log_id
        returning log.id, log.session_id, log.last_seq - c.events as before
    )
    insert into event (log_id, seq, session_id, name, player_id, data)
    select m.id, m.before + row_number() over (partition by m.id order by g.nth), m.session_id, g.name, g.player_id, g.data
    from given g join moved m on m.id = g.log_id;
    -- A payload holds 8,000 bytes: 300 log numbers always fit.
    perform pg_notify('networklab', string_agg(id::text, ','))
    from (select distinct id, (dense_rank() over (order by id) - 1) / 300 as part from unnest(logs) as id) hints
    group by part;
end $$;

-- The researcher whose transaction this is; null for the server itself and for players.
create or replace function acting() returns text language sql stable as $$
    select nullif(current_setting('networklab.by', true), '')
$$;

-- For the event of who was given it; nothing where there are no treatments.
create or replace function treated(treatment jsonb) returns jsonb language sql immutable as $$
    select case when treatment = '{}' then '{}' else jsonb_build_object('treatment', treatment) end
$$;

create or replace function session_inserted() returns trigger language plpgsql as $$
begin
    insert into log (session_id) select id from new_rows;
    return null;
end $$;
create or replace trigger session_inserted after insert on session
    referencing new table as new_rows for each statement execute function session_inserted();

create or replace function session_updated() returns trigger language plpgsql as $$
begin
    perform append_events(array_agg(log.id), array_agg(changed.name), array_agg(null::bigint), array_agg(changed.data))
    from (
        select n.id,
            case when n.study_sha256 <> o.study_sha256 then 'study_mended'
                when n.status = 'running' and o.status = 'paused' then 'session_resumed'
                when n.status = 'running' then 'session_started'
                else 'session_' || n.status end as name,
            jsonb_strip_nulls(jsonb_build_object('by', acting(), 'since', case
                when n.study_sha256 <> o.study_sha256 then null
                when n.status = 'running' and o.status = 'paused' then n.resumed_at
                when n.status = 'running' then n.started_at
                when n.status = 'paused' then n.paused_at
                else n.closed_at end,
                'before', case when n.study_sha256 <> o.study_sha256 then o.study_sha256 end,
                'now', case when n.study_sha256 <> o.study_sha256 then n.study_sha256 end)) as data
        from new_rows n join old_rows o using (id) where (n.status, n.study_sha256) <> (o.status, o.study_sha256)
    ) changed join log on log.session_id = changed.id and log.room_id is null;
    return null;
end $$;
create or replace trigger session_updated after update on session
    referencing old table as old_rows new table as new_rows for each statement execute function session_updated();

create or replace function room_inserted() returns trigger language plpgsql as $$
begin
    insert into log (session_id, room_id) select session_id, id from new_rows order by id;
    perform append_events(array_agg(log.id order by n.id), array_agg('room_opened'::text), array_agg(null::bigint),
        array_agg(jsonb_build_object('room', n.name, 'kind', n.kind, 'reason', n.reason, 'position', n.position,
            'step', n.step, 'round', n.round, 'deadline', n.deadline, 'opening', n.opening,
            'opened_at', n.opened_at) || treated(n.treatment)
            || jsonb_strip_nulls(jsonb_build_object('last_step', n.last_step, 'last_round', n.last_round)) order by n.id))
    from new_rows n join log on log.session_id = n.session_id and (log.room_id = n.id or log.room_id is null);
    return null;
end $$;
create or replace trigger room_inserted after insert on room
    referencing new table as new_rows for each statement execute function room_inserted();

create or replace function room_updated() returns trigger language plpgsql as $$
begin
    perform append_events(array_agg(log.id order by changed.id), array_agg(changed.name order by changed.id),
        array_agg(null::bigint), array_agg(changed.data order by changed.id))
    from (
        select n.id, n.session_id, n.status <> o.status as ended,
            case when n.status <> o.status then 'room_ended'
                when n.position <> o.position or o.opening and not n.opening then 'step_opened'
                when n.stopped is not null and o.stopped is null then 'room_stopped'
                when n.stopped is null and o.stopped is not null then 'room_retried'
                else 'deadline_moved' end as name,
            jsonb_strip_nulls(jsonb_build_object('room', n.name, 'position', n.position, 'step', n.step,
                'round', n.round, 'deadline', n.deadline, 'asked', n.asked, 'last_step', n.last_step,
                'last_round', n.last_round, 'outcome', n.outcome, 'ended_at', n.ended_at,
                'by', acting(),
                'hook', n.stopped->'hook', 'line', n.stopped->'line', 'sentence', n.stopped->'sentence')) as data
        from new_rows n join old_rows o using (id)
        where (n.status, n.position, n.deadline, n.opening, n.stopped)
            is distinct from (o.status, o.position, o.deadline, o.opening, o.stopped)
    ) changed
    join log on log.session_id = changed.session_id
        and (log.room_id = changed.id or (changed.ended and log.room_id is null));
    return null;
end $$;
create or replace trigger room_updated after update on room
    referencing old table as old_rows new table as new_rows for each statement execute function room_updated();

-- A room's first network comes with it; the log tells of those that follow, before the step that they begin with.
create or replace function network_inserted() returns trigger language plpgsql as $$
begin
    perform append_events(array_agg(log.id order by n.room_id), array_agg('network_rewired'::text),
        array_agg(null::bigint), array_agg(jsonb_build_object('position', n.position, 'step', n.step, 'round', n.round,
            'made_by', n.made_by, 'ties', coalesce(
                (select jsonb_agg(jsonb_build_array(t.from_slot, t.to_slot, t.weight) order by t.from_slot, t.to_slot)
                from tie t where t.room_id = n.room_id and t.position = n.position), '[]')) order by n.room_id))
    from new_rows n join log on log.room_id = n.room_id where n.position > 0;
    return null;
end $$;
create or replace trigger network_inserted after insert on network
    referencing new table as new_rows for each statement execute function network_inserted();

-- Sign-in itself logs nothing (700 people at once would queue for one log): the seating that follows sets
-- arrival_logged and logs them in one go.
create or replace function player_updated() returns trigger language plpgsql as $$
begin
    -- Whatever is logged of somebody comes with their arrival or after it.
    if not exists (select from new_rows where arrival_logged) then
        return null;
    end if;
    perform append_events(array_agg(log.id order by log.id, changed.nth, changed.id),
        array_agg(changed.name order by log.id, changed.nth, changed.id),
        array_agg(changed.id order by log.id, changed.nth, changed.id),
        array_agg(changed.data order by log.id, changed.nth, changed.id))
    from (
        select n.id, n.session_id, null::bigint as room_id, 1 as nth, 'player_signed_in' as name,
            jsonb_build_object('type', n.type, 'signed_in_at', n.signed_in_at, 'waiting_since', n.waiting_since) as data
        from new_rows n join old_rows o using (id) where n.arrival_logged and not o.arrival_logged
        union all
        select n.id, n.session_id, null, 2, 'player_placed',
            jsonb_build_object('room', room.name, 'room_id', n.room_id, 'slot', n.slot, 'seated_at', n.seated_at)
                || treated(n.treatment)
        from new_rows n join old_rows o using (id) join room on room.id = n.room_id
        where n.slot is not null and o.slot is null
        union all
        select n.id, n.session_id, n.room_id, 3,
            case n.status when 'finished' then 'player_finished' else 'player_left' end,
            jsonb_build_object('outcome', n.outcome, 'slot', n.slot, 'code', n.code, 'finished_at', n.finished_at)
                || jsonb_strip_nulls(jsonb_build_object('then', n.followed_by, 'by', acting()))
        from new_rows n join old_rows o using (id)
        where n.status in ('finished', 'left') and o.status not in ('finished', 'left')
        union all
        select n.id, n.session_id, n.room_id, 2,
            case when n.nudged_at is null then 'player_returned' else 'player_nudged' end,
            jsonb_strip_nulls(jsonb_build_object('slot', n.slot, 'nudged_at', n.nudged_at))
        from new_rows n join old_rows o using (id)
        where n.status = 'playing' and o.status = 'playing' and (n.nudged_at is null) <> (o.nudged_at is null)
        union all
        select n.id, n.session_id, n.room_id, 3, 'player_replaced',
            jsonb_strip_nulls(jsonb_build_object('slot', n.slot, 'before', q.label, 'before_id', q.id, 'now', n.label,
                'was_empty', case when q.followed_by = 'smaller' then true end, 'by', acting()))
        from new_rows n join old_rows o using (id) join player q on q.room_id = n.room_id and q.slot = n.slot and q.replaced
        where n.slot is not null and o.slot is null
            and q.id = (select id from player where room_id = n.room_id and slot = n.slot and replaced
                order by seated_at desc limit 1)
        union all
        select n.id, n.session_id, null, 4, 'code_issued',
            jsonb_build_object('before', o.code, 'code', n.code, 'outcome', n.outcome, 'by', acting())
        from new_rows n join old_rows o using (id) where o.code is not null and n.code <> o.code
        union all
        select n.id, n.session_id, null, 4, 'player_retyped',
            jsonb_build_object('from', o.type, 'to', n.type, 'by', acting())
        from new_rows n join old_rows o using (id) where n.type <> o.type
        union all
        select n.id, n.session_id, null, 4, 'player_stands_by', jsonb_build_object('until', n.standby_until)
        from new_rows n join old_rows o using (id) where n.standby_until is not null and o.standby_until is null
    ) changed join log on log.session_id = changed.session_id and log.room_id is not distinct from changed.room_id;
    return null;
end $$;
create or replace trigger player_updated after update on player
    referencing old table as old_rows new table as new_rows for each statement execute function player_updated();

-- A bot that has a slot from the start is logged with the type that the slot asks for, as nobody else tells it.
create or replace function slot_inserted() returns trigger language plpgsql as $$
begin
    perform append_events(array_agg(log.id order by log.id, n.slot), array_agg('bot_placed'::text),
        array_agg(null::bigint), array_agg(jsonb_build_object('slot', n.slot, 'type', n.type) || treated(n.treatment)
            order by log.id, n.slot))
    from new_rows n join log on log.room_id = n.room_id where n.bot;
    return null;
end $$;
create or replace trigger slot_inserted after insert on slot
    referencing new table as new_rows for each statement execute function slot_inserted();

create or replace function slot_updated() returns trigger language plpgsql as $$
begin
    perform append_events(array_agg(log.id order by log.id, n.slot), array_agg('bot_placed'::text),
        array_agg(null::bigint), array_agg(jsonb_build_object('slot', n.slot) order by log.id, n.slot))
    from new_rows n join old_rows o using (room_id, slot) join log on log.room_id = n.room_id
    where n.bot and not o.bot;
    return null;
end $$;
create or replace trigger slot_updated after update on slot
    referencing old table as old_rows new table as new_rows for each statement execute function slot_updated();

-- The event of an answer is its receipt: the records' numbers and the digest of what they say.
create or replace function record_inserted() returns trigger language plpgsql as $$
begin
    perform append_events(array_agg(log.id), array_agg('player_answered'::text), array_agg(form.player_id),
        array_agg(jsonb_build_object('step', form.step, 'round', form.round, 'late', form.late,
            'records', form.ids, 'sha256', form.digest)),
        array_agg(cardinality(form.ids)))
    from (
        select room_id, player_id, step, round, bool_or(late) as late, array_agg(id order by id) as ids,
            encode(sha256(convert_to(string_agg(id || E'\t' || field || E'\t' || value || E'\n', '' order by id), 'UTF8')),
                'hex') as digest
        from new_rows group by room_id, player_id, step, round, form order by min(id)
    ) form join log on log.room_id = form.room_id;
    return null;
end $$;

create or replace trigger record_inserted after insert on record
    referencing new table as new_rows for each statement execute function record_inserted();

create or replace function message_inserted() returns trigger language plpgsql as $$
begin
    perform append_events(array_agg(log.id order by n.id), array_agg('message_sent'::text),
        array_agg(n.player_id order by n.id),
        array_agg(jsonb_strip_nulls(jsonb_build_object('message', n.id, 'slot', n.slot, 'to', n.to_slot,
            'sha256', encode(sha256(convert_to(n.body, 'UTF8')), 'hex'))) order by n.id),
        null, array_agg(1))
    from new_rows n join log on log.room_id = n.room_id;
    return null;
end $$;
create or replace trigger message_inserted after insert on message
    referencing new table as new_rows for each statement execute function message_inserted();

create or replace function note_inserted() returns trigger language plpgsql as $$
begin
    perform append_events(array_agg(log.id), array_agg(case when n.account is null then 'help_asked' else 'note_written' end),
        array_agg(n.player_id), array_agg(jsonb_strip_nulls(jsonb_build_object('note', n.id, 'by', n.account))))
    from new_rows n join log on log.session_id = n.session_id and log.room_id is null;
    return null;
end $$;
create or replace trigger note_inserted after insert on note
    referencing new table as new_rows for each statement execute function note_inserted();

-- One event for all that was computed, or filled in, at once for a step.
create or replace function result_inserted() returns trigger language plpgsql as $$
begin
    perform append_events(array_agg(log.id), array_agg('results_stored'::text), array_agg(null::bigint),
        array_agg(jsonb_build_object('position', made.position, 'step', made.step, 'round', made.round,
            'made_by', made.made_by, 'results', made.results)))
    from (
        select room_id, position, step, round, made_by,
            jsonb_agg(jsonb_build_array(slot, name, value) order by slot, name) as results
        from new_rows group by room_id, position, step, round, made_by order by room_id, made_by
    ) made join log on log.room_id = made.room_id;
    return null;
end $$;
create or replace trigger result_inserted after insert on result
    referencing new table as new_rows for each statement execute function result_inserted();

create or replace function earning_inserted() returns trigger language plpgsql as $$
begin
    perform append_events(array_agg(log.id order by n.id), array_agg('player_earned'::text order by n.id),
        array_agg(n.player_id order by n.id),
        array_agg(jsonb_build_object('position', n.position, 'amount', n.amount::text, 'reason', n.reason) order by n.id))
    from new_rows n join log on log.room_id = n.room_id;
    return null;
end $$;
create or replace trigger earning_inserted after insert on earning
    referencing new table as new_rows for each statement execute function earning_inserted();

create or replace function lobby_updated() returns trigger language plpgsql as $$
begin
    perform append_events(array_agg(log.id), array_agg(changed.name), array_agg(null::bigint), array_agg(changed.data))
    from (
        select n.session_id, case when n.stopped is null then 'seating_retried' else 'seating_stopped' end as name,
            jsonb_strip_nulls(jsonb_build_object('by', acting(), 'hook', n.stopped->'hook', 'line', n.stopped->'line',
                'sentence', n.stopped->'sentence')) as data
        from new_rows n join old_rows o using (session_id) where n.stopped is distinct from o.stopped
    ) changed join log on log.session_id = changed.session_id and log.room_id is null;
    return null;
end $$;
create or replace trigger lobby_updated after update on lobby
    referencing old table as old_rows new table as new_rows for each statement execute function lobby_updated();
