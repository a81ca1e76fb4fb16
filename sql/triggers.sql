-- All triggers and the only NOTIFY. Re-runnable; applied whole at each migrate.
--
-- A trigger turns changed rows into event rows. A log's row is locked last in the transaction and in id
-- order, so that sequence numbers are gapless and in commit order. The notification is a hint that names
-- the logs; whoever hears it reads the events.
--
-- Rows of a session that is carried to another database (`networklab transfer`) tell nothing there: their events are among
-- them. A trigger of a table that has rows of sessions says so by its `when`; a story finds one that does not.
--
-- app/database/events.py declares each event and what it carries; a story holds what is written here against it.
-- What changes in a session, a room or a player is in its event, exact to the microsecond: app/replay/fold.py makes the
-- tables again from the logs, and `networklab replay --check` finds a column that an event forgets.

-- A connection keeps the plan that it made for the first rows of a trigger: one for a single row would go through
-- 4,000 × 4,000 pairs when 4,000 people change at once. So old and new rows of players and rooms come together by a full
-- join, which is never a loop in a loop, and what is asked of them is asked behind a fence that keeps it one.

create or replace function append_events(
    logs bigint[], names text[], players bigint[], datas jsonb[], records int[] default null, messages int[] default null
) returns void language plpgsql as $$
begin
    if logs is null or cardinality(logs) = 0 then
        return;
    end if;
    perform 1 from log where id = any(logs) order by id for no key update;
    if exists (select from transfer t where t.done_at is null
            and t.session_id in (select session_id from log where id = any(logs))) then
        -- As where a lock is not to be had: whoever meant to write comes again, and is led to where the session is then.
        raise exception 'a session that is being moved to another database takes no rows' using errcode = 'lock_not_available';
    end if;
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
    -- A move is told of once it is handled, which is in a moment: until then there is nothing to be shown.
    if current_setting('networklab.quiet', true) = 'yes' then
        return;
    end if;
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
    referencing new table as new_rows for each statement
    when (current_setting('networklab.carrying', true) is distinct from 'yes') execute function session_inserted();

create or replace function session_updated() returns trigger language plpgsql as $$
begin
    perform append_events(array_agg(log.id), array_agg(changed.name), array_agg(null::bigint), array_agg(changed.data))
    from (
        select n.id,
            case when n.study_sha256 <> o.study_sha256 then 'study_mended'
                when n.status = o.status then 'start_moved'
                when n.status = 'running' and o.status = 'paused' then 'session_resumed'
                when n.status = 'running' then 'session_started'
                else 'session_' || n.status end as name,
            jsonb_strip_nulls(jsonb_build_object('by', acting(), 'since', case
                when n.status = o.status then null
                when n.status = 'running' and o.status = 'paused' then n.resumed_at
                when n.status = 'running' then n.started_at
                when n.status = 'paused' then n.paused_at
                else n.closed_at end,
                'before', case when n.study_sha256 <> o.study_sha256 then o.study_sha256 end,
                'now', case when n.study_sha256 <> o.study_sha256 then n.study_sha256 end,
                'start_at', case when n.start_at is distinct from o.start_at then n.start_at end,
                'was_at', case when n.start_at is distinct from o.start_at then o.start_at end,
                'waits_from', case when n.waits_from is distinct from o.waits_from then n.waits_from end)) as data
        from new_rows n join old_rows o using (id)
        where (n.status, n.study_sha256, n.start_at) is distinct from (o.status, o.study_sha256, o.start_at)
    ) changed join log on log.session_id = changed.id and log.room_id is null;
    return null;
end $$;
create or replace trigger session_updated after update on session
    referencing old table as old_rows new table as new_rows for each statement
    when (current_setting('networklab.carrying', true) is distinct from 'yes') execute function session_updated();

create or replace function door_updated() returns trigger language plpgsql as $$
begin
    perform append_events(array_agg(log.id), array_agg('places_changed'::text), array_agg(null::bigint),
        array_agg(jsonb_strip_nulls(jsonb_build_object('places', n.places, 'extra', n.extra, 'by', acting()))))
    from new_rows n join old_rows o using (session_id) join log on log.session_id = n.session_id and log.room_id is null
    where (n.places, n.extra) is distinct from (o.places, o.extra);
    return null;
end $$;
create or replace trigger door_updated after update on door
    referencing old table as old_rows new table as new_rows for each statement
    when (current_setting('networklab.carrying', true) is distinct from 'yes') execute function door_updated();

create or replace function payout_inserted() returns trigger language plpgsql as $$
begin
    perform append_events(array_agg(log.id order by n.id), array_agg('recruiter_asked'::text), array_agg(null::bigint),
        array_agg(jsonb_strip_nulls(jsonb_build_object('what', 'pay', 'people', n.people, 'amount', n.amount::text,
            'currency', n.currency, 'by', acting())) order by n.id))
    from new_rows n join log on log.session_id = n.session_id and log.room_id is null;
    return null;
end $$;
create or replace trigger payout_inserted after insert on payout
    referencing new table as new_rows for each statement
    when (current_setting('networklab.carrying', true) is distinct from 'yes') execute function payout_inserted();

create or replace function payout_updated() returns trigger language plpgsql as $$
begin
    perform append_events(array_agg(log.id order by n.id), array_agg('recruiter_answered'::text), array_agg(null::bigint),
        array_agg(jsonb_strip_nulls(jsonb_build_object('what', 'pay', 'how', n.state, 'people', paid.people,
            'amount', paid.amount::text, 'currency', n.currency, 'by', acting())) order by n.id))
    from new_rows n join old_rows o using (id) join log on log.session_id = n.session_id and log.room_id is null
    cross join lateral (
        select count(*)::integer as people, coalesce(sum(b.amount), 0) as amount
        from bonus b where b.payout_id = n.id and b.state = 'paid'
    ) paid
    where n.state <> o.state and n.state in ('settled', 'refused', 'unclear');
    return null;
end $$;
create or replace trigger payout_updated after update on payout
    referencing old table as old_rows new table as new_rows for each statement
    when (current_setting('networklab.carrying', true) is distinct from 'yes') execute function payout_updated();

create or replace function review_inserted() returns trigger language plpgsql as $$
begin
    perform append_events(array_agg(log.id), array_agg('recruiter_asked'::text), array_agg(null::bigint),
        array_agg(jsonb_strip_nulls(jsonb_build_object('what', n.what, 'people', n.people, 'by', acting()))))
    from (select session_id, what, count(*)::integer as people from new_rows group by 1, 2 order by 1, 2) n
    join log on log.session_id = n.session_id and log.room_id is null;
    return null;
end $$;
create or replace trigger review_inserted after insert on review
    referencing new table as new_rows for each statement
    when (current_setting('networklab.carrying', true) is distinct from 'yes') execute function review_inserted();

create or replace function came_again_inserted() returns trigger language plpgsql as $$
begin
    perform append_events(array_agg(log.id order by n.id), array_agg('player_came_again'::text order by n.id),
        array_agg(n.player_id order by n.id), array_agg('{}'::jsonb order by n.id))
    from new_rows n join log on log.session_id = n.session_id and log.room_id is null;
    return null;
end $$;
create or replace trigger came_again_inserted after insert on came_again
    referencing new table as new_rows for each statement
    when (current_setting('networklab.carrying', true) is distinct from 'yes') execute function came_again_inserted();

create or replace function room_inserted() returns trigger language plpgsql as $$
begin
    insert into log (session_id, room_id) select session_id, id from new_rows order by id;
    insert into opened_step (session_id, room_id, position, pages, asked)
    select session_id, id, position, coalesce(pages, array[step || ' ' || round]), asked from new_rows where not opening;
    -- A solo part is of nobody else: the herd at the door must not queue for the session's log.
    perform append_events(array_agg(log.id order by n.id), array_agg('room_opened'::text), array_agg(n.player_id order by n.id),
        array_agg(jsonb_build_object('room', n.name, 'kind', n.kind, 'reason', n.reason, 'position', n.position,
            'step', n.step, 'round', n.round, 'deadline', n.deadline, 'opening', n.opening,
            'opened_at', n.opened_at) || treated(n.treatment)
            || jsonb_strip_nulls(jsonb_build_object('last_step', n.last_step, 'last_round', n.last_round, 'began', n.began,
                'during', case when n.player_id is not null then n.during end, 'signed_in_at', p.signed_in_at)) order by n.id))
    from new_rows n left join player p on p.id = n.player_id cross join lateral (
        select id from log where room_id = n.id
        union all
        select id from log where n.player_id is null and session_id = n.session_id and room_id is null
    ) log;
    return null;
end $$;
create or replace trigger room_inserted after insert on room
    referencing new table as new_rows for each statement
    when (current_setting('networklab.carrying', true) is distinct from 'yes') execute function room_inserted();

create or replace function room_updated() returns trigger language plpgsql as $$
declare
    moved bigint[] := (
        select array_agg(n.id) from (
            select n.id, n.status, n.position, o.status as old_status, o.position as old_position
            from new_rows n full join old_rows o using (id) offset 0
        ) n where (n.status, n.position) <> (n.old_status, n.old_position)
    );
begin
    insert into opened_step (session_id, room_id, position, pages, asked)
    select n.session_id, n.id, n.position, coalesce(n.pages, array[n.step || ' ' || n.round]), n.asked
    from (
        select n.*, o.status as old_status, o.position as old_position, o.opening as old_opening
        from new_rows n full join old_rows o using (id) offset 0
    ) n where n.status = n.old_status and (n.position <> n.old_position or n.old_opening and not n.opening);
    -- Moves that nobody handled before their step was over: the conductor does, but a room may end without it.
    update move set nth = left_over.nth, accepted = false, sentence = '', ends = false, handled_at = clock_timestamp()
    from (
        select m.record_id, coalesce((
                select max(h.nth) from move h where h.room_id = m.room_id and h.position = m.position
            ), 0) + row_number() over (partition by m.room_id, m.position order by m.record_id) as nth
        from move m where m.room_id = any(moved) and m.nth is null
    ) left_over where move.record_id = left_over.record_id;
    perform append_events(array_agg(log.id order by changed.id), array_agg(changed.name order by changed.id),
        array_agg(null::bigint), array_agg(changed.data order by changed.id))
    from (
        select n.id, n.session_id, n.status <> n.old_status and n.player_id is null as ended,
            case when n.status <> n.old_status then 'room_ended'
                when n.position <> n.old_position or n.old_opening and not n.opening then 'step_opened'
                when n.stopped is not null and n.old_stopped is null then 'room_stopped'
                when n.stopped is null and n.old_stopped is not null then 'room_retried'
                else 'deadline_moved' end as name,
            jsonb_strip_nulls(jsonb_build_object('room', n.name, 'position', n.position, 'step', n.step,
                'round', n.round, 'deadline', n.deadline, 'began', n.began, 'asked', n.asked, 'last_step', n.last_step,
                'last_round', n.last_round, 'outcome', n.outcome, 'ended_at', n.ended_at,
                'by', acting(),
                'hook', n.stopped->'hook', 'line', n.stopped->'line', 'sentence', n.stopped->'sentence')) as data
        from (
            select n.*, o.status as old_status, o.position as old_position, o.opening as old_opening,
                o.deadline as old_deadline, o.stopped as old_stopped
            from new_rows n full join old_rows o using (id) offset 0
        ) n
        where (n.status, n.position, n.deadline, n.opening, n.stopped)
            is distinct from (n.old_status, n.old_position, n.old_deadline, n.old_opening, n.old_stopped)
    ) changed cross join lateral (
        select id from log where room_id = changed.id
        union all
        select id from log where changed.ended and session_id = changed.session_id and room_id is null
    ) log;
    -- What was typed at a step that is over, and never sent, is nobody's.
    delete from draft where player_id in (
        select p.id from player p where p.room_id = any(moved)
        union all select r.player_id from room r where r.id = any(moved) and r.player_id is not null
    );
    return null;
end $$;
create or replace trigger room_updated after update on room
    referencing old table as old_rows new table as new_rows for each statement
    when (current_setting('networklab.carrying', true) is distinct from 'yes') execute function room_updated();

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
    referencing new table as new_rows for each statement
    when (current_setting('networklab.carrying', true) is distinct from 'yes') execute function network_inserted();

-- People whom a researcher adds to a session that is there. Those it opens with, and who comes by the door, are none of these.
create or replace function player_inserted() returns trigger language plpgsql as $$
begin
    if acting() is not null then
        perform append_events(array_agg(log.id), array_agg('people_added'::text), array_agg(null::bigint),
            array_agg(jsonb_strip_nulls(jsonb_build_object('by', acting(), 'people', n.people, 'players', n.players,
                'form', nullif(current_setting('networklab.form', true), '')))))
        from (
            select session_id, count(*) as people, jsonb_agg(id order by id) as players from new_rows group by session_id
        ) n join log on log.session_id = n.session_id and log.room_id is null;
    end if;
    return null;
end $$;
create or replace trigger player_inserted after insert on player
    referencing new table as new_rows for each statement
    when (current_setting('networklab.carrying', true) is distinct from 'yes') execute function player_inserted();

-- Sign-in itself logs nothing (700 people at once would queue for one log): the seating that follows sets
-- arrival_logged and logs them in one go.
create or replace function player_updated() returns trigger language plpgsql as $$
begin
    if exists (select from new_rows where status = 'invited' and in_line_until is not null) then
        perform append_events(array_agg(log.id order by n.in_line_since, n.id),
            array_agg('player_lined_up'::text), array_agg(n.id order by n.in_line_since, n.id),
            array_agg(jsonb_build_object('since', n.in_line_since, 'until', n.in_line_until)
                order by n.in_line_since, n.id))
        from new_rows n join old_rows o using (id) join log on log.session_id = n.session_id and log.room_id is null
        where n.status = 'invited' and n.in_line_until is not null and o.in_line_until is null;
    end if;
    if exists (select from old_rows where status = 'invited' and in_line_until is not null) then
        perform append_events(array_agg(log.id order by n.in_line_since, n.id), array_agg('player_let_in'::text),
            array_agg(n.id order by n.in_line_since, n.id), array_agg('{}'::jsonb))
        from new_rows n join old_rows o using (id) join log on log.session_id = n.session_id and log.room_id is null
        where n.status not in ('invited', 'left') and o.status = 'invited' and o.in_line_until is not null;
    end if;
    if acting() is not null then
        perform append_events(array_agg(log.id order by n.id), array_agg('id_freed'::text), array_agg(n.id order by n.id),
            array_agg(jsonb_build_object('by', acting())))
        from (
            select n.id, n.session_id, n.door_id, o.door_id as old_door_id from new_rows n full join old_rows o using (id)
            offset 0
        ) n
        join log on log.session_id = n.session_id and log.room_id is null where n.door_id <> n.old_door_id;
    end if;
    -- Whatever else is logged of somebody comes with their arrival or after it.
    if not exists (select from new_rows where arrival_logged) then
        return null;
    end if;
    delete from draft where player_id in (
        select n.id from (
            select n.id, n.status, o.status as old_status from new_rows n full join old_rows o using (id) offset 0
        ) n where n.status in ('finished', 'left') and n.old_status not in ('finished', 'left')
    );
    perform append_events(array_agg(log.id order by log.id, changed.nth, changed.id),
        array_agg(changed.name order by log.id, changed.nth, changed.id),
        array_agg(changed.id order by log.id, changed.nth, changed.id),
        array_agg(changed.data order by log.id, changed.nth, changed.id))
    from (
        with pair as materialized (
            select n.*, o.status as old_status, o.arrival_logged as old_arrival_logged, o.slot as old_slot, o.type as old_type,
                o.nudged_at as old_nudged_at, o.standby_until as old_standby_until, o.code as old_code
            from new_rows n full join old_rows o using (id)
        )
        select n.id, n.session_id, null::bigint as room_id, 1 as nth, 'player_signed_in' as name,
            jsonb_build_object('type', n.type, 'signed_in_at', n.signed_in_at, 'waiting_since', n.waiting_since)
                || case when n.drawn is null then '{}' else treated(n.treatment) end
                || case when n.queued_from is not null or n.old_status in ('before', 'after')
                    then jsonb_build_object('queued_from', n.queued_from) else '{}' end as data
        from pair n where n.arrival_logged and not n.old_arrival_logged
        union all
        select n.id, n.session_id, null, 2, 'player_placed',
            jsonb_build_object('room', room.name, 'room_id', n.room_id, 'slot', n.slot, 'seated_at', n.seated_at)
                || treated(n.treatment)
        from pair n join room on room.id = n.room_id
        where n.slot is not null and n.old_slot is null
        union all
        select n.id, n.session_id, n.room_id, 3,
            case n.status when 'finished' then 'player_finished' else 'player_left' end,
            jsonb_build_object('outcome', n.outcome, 'slot', n.slot, 'code', n.code, 'finished_at', n.finished_at)
                || jsonb_strip_nulls(jsonb_build_object('then', n.followed_by, 'by', acting()))
        from pair n
        where n.status in ('finished', 'left') and n.old_status not in ('finished', 'left')
        union all
        select n.id, n.session_id, n.room_id, 3, 'player_goes_on',
            jsonb_build_object('outcome', n.outcome, 'slot', n.slot, 'code', n.code, 'waited_until', n.waited_until)
        from pair n where n.status = 'after' and n.old_status not in ('invited', 'after')
        union all
        select n.id, n.session_id, n.room_id, 2,
            case when n.nudged_at is null then 'player_returned' else 'player_nudged' end,
            jsonb_strip_nulls(jsonb_build_object('slot', n.slot, 'nudged_at', n.nudged_at))
        from pair n
        where n.status = 'playing' and n.old_status = 'playing' and (n.nudged_at is null) <> (n.old_nudged_at is null)
        union all
        select n.id, n.session_id, n.room_id, 3, 'player_replaced',
            jsonb_strip_nulls(jsonb_build_object('slot', n.slot, 'before', q.label, 'before_id', q.id, 'now', n.label,
                'was_empty', case when q.followed_by = 'smaller' then true end, 'by', acting()))
        from pair n join player q on q.room_id = n.room_id and q.slot = n.slot and q.replaced
        where n.slot is not null and n.old_slot is null
            and q.id = (select id from player where room_id = n.room_id and slot = n.slot and replaced
                order by seated_at desc limit 1)
        union all
        select n.id, n.session_id, null, 4, 'code_issued',
            jsonb_build_object('before', n.old_code, 'code', n.code, 'outcome', n.outcome, 'by', acting())
        from pair n where n.old_code is not null and n.code <> n.old_code
        union all
        select n.id, n.session_id, null, 4, 'player_retyped',
            jsonb_build_object('from', n.old_type, 'to', n.type, 'by', acting())
        from pair n where n.type <> n.old_type
        union all
        select n.id, n.session_id, null, 4, 'player_stands_by', jsonb_build_object('until', n.standby_until)
        from pair n where n.standby_until is not null and n.old_standby_until is null
    ) changed cross join lateral (
        -- Each by its index: whoever asks in one condition for either goes through the logs of all rooms, solo ones too.
        select id from log where room_id = changed.room_id
        union all
        select id from log where changed.room_id is null and session_id = changed.session_id and room_id is null
    ) log;
    return null;
end $$;
create or replace trigger player_updated after update on player
    referencing old table as old_rows new table as new_rows for each statement
    when (current_setting('networklab.carrying', true) is distinct from 'yes') execute function player_updated();

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
    referencing new table as new_rows for each statement
    when (current_setting('networklab.carrying', true) is distinct from 'yes') execute function slot_inserted();

create or replace function slot_updated() returns trigger language plpgsql as $$
begin
    perform append_events(array_agg(log.id order by log.id, n.slot), array_agg('bot_placed'::text),
        array_agg(null::bigint), array_agg(jsonb_build_object('slot', n.slot) order by log.id, n.slot))
    from new_rows n join old_rows o using (room_id, slot) join log on log.room_id = n.room_id
    where n.bot and not o.bot;
    return null;
end $$;
create or replace trigger slot_updated after update on slot
    referencing old table as old_rows new table as new_rows for each statement
    when (current_setting('networklab.carrying', true) is distinct from 'yes') execute function slot_updated();

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
    referencing new table as new_rows for each statement
    when (current_setting('networklab.carrying', true) is distinct from 'yes') execute function record_inserted();

create or replace function message_inserted() returns trigger language plpgsql as $$
begin
    perform append_events(array_agg(log.id order by n.id), array_agg('message_sent'::text),
        array_agg(n.player_id order by n.id),
        array_agg(jsonb_strip_nulls(jsonb_build_object('message', n.id, 'slot', n.slot, 'to', n.to_slot,
            'channel', n.channel, 'sha256', encode(sha256(convert_to(n.body, 'UTF8')), 'hex'))) order by n.id),
        null, array_agg(1))
    from new_rows n join log on log.room_id = n.room_id;
    return null;
end $$;
create or replace trigger message_inserted after insert on message
    referencing new table as new_rows for each statement
    when (current_setting('networklab.carrying', true) is distinct from 'yes') execute function message_inserted();

-- What is written to many at once, all in a room, is told of in one line.
create or replace function note_inserted() returns trigger language plpgsql as $$
begin
    perform append_events(array_agg(log.id), array_agg(case when n.account is null then 'help_asked' else 'note_written' end),
        array_agg(n.player_id), array_agg(jsonb_strip_nulls(jsonb_build_object('note', n.id, 'by', n.account,
            'notes', n.notes, 'players', n.players))))
    from (
        select session_id, account, min(id) as id, case when count(*) = 1 then min(player_id) end as player_id,
            case when count(*) > 1 then jsonb_agg(id order by id) end as notes,
            case when count(*) > 1 then jsonb_agg(player_id order by id) end as players
        from new_rows group by session_id, account
    ) n join log on log.session_id = n.session_id and log.room_id is null;
    return null;
end $$;
create or replace trigger note_inserted after insert on note
    referencing new table as new_rows for each statement
    when (current_setting('networklab.carrying', true) is distinct from 'yes') execute function note_inserted();

-- Whoever uploads a study owns it; a server of the version before, which knows of no owners, says so by this, too.
create or replace function version_kept() returns trigger language plpgsql as $$
begin
    insert into study_right (study_id, account, role, given_by)
    select n.study_id, a.name, 'owner', a.name from new_rows n join account a on a.name = n.uploaded_by where n.number = 1
    on conflict do nothing;
    return null;
end $$;
create or replace trigger version_kept after insert on kept_version
    referencing new table as new_rows for each statement execute function version_kept();

-- One event for all that was computed, or filled in, at once for a step.
create or replace function result_inserted() returns trigger language plpgsql as $$
begin
    perform append_events(array_agg(log.id), array_agg('results_stored'::text), array_agg(null::bigint),
        array_agg(jsonb_build_object('position', made.position, 'step', made.step, 'round', made.round,
            'made_by', made.made_by, 'results', made.results)))
    from (
        select room_id, position, step, round, made_by,
            jsonb_agg(jsonb_build_array(slot, name, value) order by slot, name) as results
        from new_rows where made_by <> 'move' and not erased and (tg_op = 'INSERT' or version > 1)
        group by room_id, position, step, round, made_by order by room_id, made_by
    ) made join log on log.room_id = made.room_id;
    return null;
end $$;
create or replace trigger result_inserted after insert on result
    referencing new table as new_rows for each statement
    when (current_setting('networklab.carrying', true) is distinct from 'yes') execute function result_inserted();
-- Those that a move had given another value before, which are another version. What moves give stands in their own events.
create or replace trigger result_updated after update on result
    referencing new table as new_rows for each statement
    when (current_setting('networklab.carrying', true) is distinct from 'yes') execute function result_inserted();

-- What came of a move, as it has been handled.
create or replace function move_updated() returns trigger language plpgsql as $$
begin
    perform append_events(array_agg(log.id order by n.room_id, n.nth), array_agg('move_made'::text),
        array_agg(n.player_id order by n.room_id, n.nth),
        array_agg(jsonb_build_object('record', n.record_id, 'position', n.position, 'step', said.step, 'round', said.round,
            'move', said.field, 'values', coalesce(nullif(said.value, ''), '{}')::jsonb, 'slot', n.slot, 'nth', n.nth,
            'accepted', n.accepted, 'at', n.since)
            || case when n.accepted then '{}' else jsonb_build_object('sentence', n.sentence) end
            || case when n.state is null then '{}' else jsonb_build_object('state', n.state) end
            || case when n.results is null then '{}' else jsonb_build_object('results', n.results) end
            || case when n.clock is null then '{}' else jsonb_build_object('clock', n.clock) end
            || case when n.ends then jsonb_build_object('ends', true) else '{}' end order by n.room_id, n.nth))
    from new_rows n join old_rows o using (record_id) left join record r on r.id = n.record_id
    cross join lateral (
        select coalesce(n.step, r.step) as step, coalesce(n.round, r.round) as round, coalesce(n.name, r.field) as field,
            coalesce(n.value, r.value) as value
    ) said
    join log on log.room_id = n.room_id
    where n.nth is not null and o.nth is null;
    return null;
end $$;
create or replace trigger move_updated after update on move
    referencing old table as old_rows new table as new_rows for each statement
    when (current_setting('networklab.carrying', true) is distinct from 'yes') execute function move_updated();

create or replace function earning_inserted() returns trigger language plpgsql as $$
begin
    perform append_events(array_agg(log.id order by n.id), array_agg('player_earned'::text order by n.id),
        array_agg(n.player_id order by n.id),
        array_agg(jsonb_build_object('position', n.position, 'amount', n.amount::text, 'reason', n.reason) order by n.id))
    from new_rows n join log on log.room_id = n.room_id;
    return null;
end $$;
create or replace trigger earning_inserted after insert on earning
    referencing new table as new_rows for each statement
    when (current_setting('networklab.carrying', true) is distinct from 'yes') execute function earning_inserted();

create or replace function lobby_updated() returns trigger language plpgsql as $$
begin
    perform append_events(array_agg(log.id), array_agg(changed.name), array_agg(null::bigint), array_agg(changed.data))
    from (
        select n.session_id, case when n.stopped is null then 'seating_retried' else 'seating_stopped' end as name,
            jsonb_strip_nulls(jsonb_build_object('by', acting(), 'hook', n.stopped->'hook', 'line', n.stopped->'line',
                'sentence', n.stopped->'sentence')) as data
        from new_rows n join old_rows o using (session_id) where n.stopped->'at' is distinct from o.stopped->'at'
    ) changed join log on log.session_id = changed.session_id and log.room_id is null;
    return null;
end $$;
create or replace trigger lobby_updated after update on lobby
    referencing old table as old_rows new table as new_rows for each statement
    when (current_setting('networklab.carrying', true) is distinct from 'yes') execute function lobby_updated();

-- Access that is taken back, by a log-in that ends or by taking somebody off a session: whoever shows a researcher's page
-- looks again whose log-in holds. The hint names no log.
create or replace function access_taken_back() returns trigger language plpgsql as $$
begin
    if exists (select from old_rows) then
        perform pg_notify('networklab', 'access');
    end if;
    return null;
end $$;
create or replace trigger login_deleted after delete on login
    referencing old table as old_rows for each statement execute function access_taken_back();
create or replace trigger session_right_deleted after delete on session_right
    referencing old table as old_rows for each statement execute function access_taken_back();

-- Whoever sets a new password, on a page, on the command line or here by hand: the old one's log-ins are over, and the
-- tokens that were made under it.
create or replace function account_updated() returns trigger language plpgsql as $$
begin
    delete from login where account in (
        select n.name from new_rows n join old_rows o using (name) where n.password_hash <> o.password_hash);
    delete from api_token where account in (
        select n.name from new_rows n join old_rows o using (name) where n.password_hash <> o.password_hash);
    return null;
end $$;
create or replace trigger account_updated after update on account
    referencing old table as old_rows new table as new_rows for each statement execute function account_updated();

-- The tombstone of an erasure, told in the session's log.
create or replace function erasure_inserted() returns trigger language plpgsql as $$
begin
    perform append_events(array_agg(log.id order by n.id), array_agg('data_erased'::text order by n.id),
        array_agg(n.player_id order by n.id), array_agg(jsonb_build_object('by', n.by, 'why', n.why, 'answers', n.answers,
            'people', n.people, 'records', n.records, 'messages', n.messages) order by n.id))
    from new_rows n join log on log.session_id = n.session_id and log.room_id is null;
    return null;
end $$;
create or replace trigger erasure_inserted after insert on erasure
    referencing new table as new_rows for each statement
    when (current_setting('networklab.carrying', true) is distinct from 'yes') execute function erasure_inserted();

-- Who is asked whether they are ready, as a room comes together; and what became of it for those who still wait.
create or replace function asked_inserted() returns trigger language plpgsql as $$
begin
    perform append_events(array_agg(log.id), array_agg('player_asked'::text order by n.player_id),
        array_agg(n.player_id order by n.player_id),
        array_agg(jsonb_strip_nulls(jsonb_build_object('kind', g.kind, 'until', g.deadline, 'ready_at', n.ready_at))
            order by n.player_id))
    from new_rows n join gathering g on g.id = n.gathering_id
    join log on log.session_id = g.session_id and log.room_id is null;
    return null;
end $$;
create or replace trigger asked_inserted after insert on asked
    referencing new table as new_rows for each statement
    when (current_setting('networklab.carrying', true) is distinct from 'yes') execute function asked_inserted();

create or replace function asked_updated() returns trigger language plpgsql as $$
begin
    perform append_events(array_agg(log.id), array_agg('player_ready'::text), array_agg(n.player_id order by n.player_id),
        array_agg(jsonb_build_object('ready_at', n.ready_at) order by n.player_id))
    from new_rows n join old_rows o using (player_id) join gathering g on g.id = n.gathering_id
    join log on log.session_id = g.session_id and log.room_id is null
    where n.ready_at is not null and o.ready_at is null;
    return null;
end $$;
create or replace trigger asked_updated after update on asked
    referencing old table as old_rows new table as new_rows for each statement
    when (current_setting('networklab.carrying', true) is distinct from 'yes') execute function asked_updated();

-- Who has just been put last in the queue has missed it.
create or replace function asked_deleted() returns trigger language plpgsql as $$
begin
    perform append_events(array_agg(log.id),
        array_agg(case when p.queued_at >= now() then 'player_missed' else 'player_waits_on' end order by p.id),
        array_agg(p.id order by p.id),
        array_agg(case when p.queued_at >= now() then jsonb_build_object('queued_at', p.queued_at) else '{}' end
            order by p.id))
    from old_rows o join player p on p.id = o.player_id and p.status = 'waiting'
    join log on log.session_id = p.session_id and log.room_id is null;
    return null;
end $$;
create or replace trigger asked_deleted after delete on asked
    referencing old table as old_rows for each statement
    when (current_setting('networklab.carrying', true) is distinct from 'yes') execute function asked_deleted();

-- That somebody is writing, told to all processes and stored nowhere. Whom it is for is a few ranges of slots: of a room
-- of a thousand one, where all read. Slots that lie so far apart that a payload could not hold them: nobody is told.
create or replace function tell_typing(
    log bigint, slot integer, place integer, channel text, whom integer, at timestamptz, readers integer[]
) returns void language sql as $$
    select pg_notify('networklab', told.payload) from (
        select 'typing ' || (jsonb_build_array(log, slot, place, channel, whom, at, coalesce((
            select jsonb_agg(jsonb_build_array(lower(run), upper(run))) from unnest((
                select range_agg(int4range(reader, reader, '[]')) from unnest(readers) as reader
            )) as run
        ), '[]')))::text as payload
    ) told where octet_length(told.payload) < 8000
$$;
