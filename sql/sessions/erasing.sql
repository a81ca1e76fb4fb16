-- name: find_people
-- Everybody of a session, or one of them by label. Who was erased before may have answers that are to go now.
select p.id, p.label, p.status::text, p.room_id, r.status = 'playing' as room_plays, p.erased_at is not null as is_erased,
    p.status = 'invited' and p.in_line_until is not null as in_line
from player p left join room r on r.id = p.room_id and r.session_id = p.session_id
where p.session_id = %(session_id)s and (%(player_id)s::bigint is null or p.id = %(player_id)s)
    and (%(label)s::text is null or p.label = %(label)s)
order by p.id

-- name: lock_lobby
select session_id from lobby where session_id = %(session_id)s for update

-- name: lock_rooms
-- A form that is on its way is stored before this, or finds that there is nobody any more.
-- What somebody was told in a room may be in what comes after it for the others.
select id from room where session_id = %(session_id)s and (id in (select room_id from player where id = any(%(player_ids)s))
    or player_id = any(%(player_ids)s) or during = 'after' and player_id in (
        select p.id from player p join player q on q.room_id = p.room_id where q.id = any(%(player_ids)s)))
order by id for update

-- name: lock_people
select id from player where id = any(%(player_ids)s) order by id for update

-- name: asked_of_recruiter
-- Of whom it is: what was asked of a recruiter for somebody needs to be known until it has ended.
select p.label from player p where p.id = any(%(player_ids)s) and (
    exists (select from bonus b where b.player_id = p.id and b.state in ('open', 'held'))
    or exists (select from review r where r.player_id = p.id and r.state in ('asked', 'sent')))
order by p.id limit 1

-- name: count_personal
with own as materialized (
    select id, room_id, slot, erased_at, erase_wanted_at, entry from player where id = any(%(player_ids)s)
), theirs as (
    select id, room_id from own union all select player_id, id from room where player_id = any(%(player_ids)s)
)
select (select count(*) from own where erased_at is null)::integer as people,
    (select count(*) from own where entry <> '{}' or exists (
        select from door_attempt a where a.player_id = own.id and not a.erased))::integer as entries,
    (select count(*) from theirs join record r on r.room_id = theirs.room_id and r.player_id = theirs.id
        where not r.erased and r.value <> '' and goes(r.step, r.field, %(answers)s, %(steps)s, %(fields)s))::integer as records,
    (select count(*) from own join message m on m.room_id = own.room_id and m.player_id = own.id
        where not m.erased)::integer as messages,
    (select count(*) from note n where n.session_id = %(session_id)s and n.player_id in (select id from own)
        and not n.erased)::integer as notes,
    ((select count(*) from draft where player_id in (select id from own))
        + (select count(*) from presence where player_id in (select id from own))
        + (select count(*) from visit where player_id in (select id from own))
        + (select count(*) from sign where player_id in (select id from own))
        + (select count(*) from submission where player_id in (select id from own))
        + (select count(*) from bonus where player_id in (select id from own) and submission_id <> '')
        + (select count(*) from review where player_id in (select id from own) and submission_id <> ''))::integer as traces

-- name: erase_results
-- What stands for these people's answers in their place (`filled_…`), and texts that a hook made of their words, whoever
-- has them (`told_…`). Before the words themselves go, by which these are found. A room knows what its people said before
-- it, and solo steps all that was before them: `reach` has where the words of each may have got to.
with own as materialized (
    select id, room_id, slot, seated_at, finished_at, replaced from player
    where id = any(%(player_ids)s) and room_id is not null
    union all
    select player_id, id, 1, opened_at, null, false from room where player_id = any(%(player_ids)s)
), reach as materialized (
    select id, room_id from own
    union
    select own.id, r.id from own join player p on p.room_id = own.room_id
    join room r on r.player_id = p.id and r.during = 'after'
), words as materialized (
    select reach.room_id, r.value as word from own join record r on r.room_id = own.room_id and r.player_id = own.id
    join reach on reach.id = own.id
    where goes(r.step, r.field, %(answers)s, %(steps)s, %(fields)s)
    union select reach.room_id, m.body from own join message m on m.room_id = own.room_id and m.player_id = own.id
    join reach on reach.id = own.id
    union select reach.room_id, said.word from own join record r on r.room_id = own.room_id and r.player_id = own.id
    join move m on m.record_id = r.id join reach on reach.id = own.id
    cross join lateral jsonb_each_text(case when m.record_id = r.id and r.value <> '' then r.value else '{}' end::jsonb) as said(field, word)
    where goes(r.step, r.field, %(answers)s, %(steps)s, %(fields)s)
)
update result t set value = '', erased = true
where t.room_id in (select room_id from reach) and not t.erased and t.value <> '' and (
    exists (select from own where own.room_id = t.room_id and own.slot = t.slot and t.at >= own.seated_at
            and (not own.replaced or t.at <= own.finished_at + interval '1 second'))
        and goes(t.step, t.name, 'text', %(filled_steps)s, %(filled_names)s)
    or goes(t.step, t.name, 'text', %(told_steps)s, %(told_names)s) and exists (
        select from words w where w.room_id = t.room_id and length(w.word) >= 3 and position(w.word in t.value) > 0)
)
returning room_id

-- name: retell_results
-- What the logs of these rooms tell of results, without those that were erased.
update event e set data = jsonb_set(e.data, '{results}', (
    select jsonb_agg(case when exists (
            select from result t where t.erased and t.room_id = l.room_id and t.position = (e.data->>'position')::integer
                and t.slot = (one->>0)::integer and t.name = one->>1
        ) then jsonb_build_array(one->0, one->1, '') else one end order by nth)
    from jsonb_array_elements(e.data->'results') with ordinality as all_of(one, nth)))
from log l where e.log_id = l.id and e.name = 'results_stored' and l.room_id = any(%(room_ids)s)

-- name: erase_told_later
-- In a session that goes on from this one: texts that a hook made there of their words here, and why it seated them so.
with later as materialized (
    select p.id, p.room_id from earlier e join player p on p.id = e.player_id
    where e.earlier_id = any(%(player_ids)s) and p.session_id = %(later_id)s
), again as materialized (
    select room_id from later where room_id is not null
    union select r.id from later join room r on r.player_id = later.id
    union select r.id from later join player p on p.room_id = later.room_id join room r on r.player_id = p.id and r.during = 'after'
), words as materialized (
    select r.value as word from player p join record r on r.player_id = p.id and r.session_id = p.session_id
    where p.id = any(%(player_ids)s) and goes(r.step, r.field, %(answers)s, %(steps)s, %(fields)s)
    union select said.word from player p join record r on r.player_id = p.id and r.session_id = p.session_id
    join move m on m.record_id = r.id
    cross join lateral jsonb_each_text(case when m.record_id = r.id and r.value <> '' then r.value else '{}' end::jsonb) as said(field, word)
    where p.id = any(%(player_ids)s) and goes(r.step, r.field, %(answers)s, %(steps)s, %(fields)s)
    union select w.value from player p cross join jsonb_each_text(p.entry) w where p.id = any(%(player_ids)s)
), gone as (
    update result t set value = '', erased = true
    where t.room_id in (select room_id from again) and not t.erased and t.value <> ''
        and goes(t.step, t.name, 'text', %(later_steps)s, %(later_names)s)
        and exists (select from words w where length(w.word) >= 3 and position(w.word in t.value) > 0)
    returning room_id
), reason as (
    update room set reason = '(erased)' where %(later_seats)s and id in (select room_id from again) returning name
), opened as (
    update event e set data = e.data || '{"reason": "(erased)"}'
    from log l where e.log_id = l.id and l.session_id = %(later_id)s and e.name = 'room_opened'
        and e.data->>'room' in (select name from reason)
)
select room_id from gone

-- name: erase_records
-- A form's own number goes, too: it is made of what the form said. So does the digest in the receipt, from which a short
-- answer could be guessed. Whether it held until now is counted, since nobody can any more.
with own as materialized (
    select id, room_id from player where id = any(%(player_ids)s) and room_id is not null
    union all select player_id, id from room where player_id = any(%(player_ids)s)
), hit as materialized (
    select r.id, r.form from own join record r on r.room_id = own.room_id and r.player_id = own.id
    where not r.erased and r.value <> '' and goes(r.step, r.field, %(answers)s, %(steps)s, %(fields)s)
), form as materialized (
    select form, gen_random_uuid() as instead from (select distinct form from hit) forms
), receipt as materialized (
    select e.log_id, e.seq, e.data->>'sha256' as sha256, encode(sha256(convert_to(
            string_agg(r.id || E'\t' || r.field || E'\t' || r.value || E'\n', '' order by r.id), 'UTF8')), 'hex') as digest,
        bool_or(r.id in (select id from hit)) as goes
    from own join log l on l.room_id = own.room_id
    join event e on e.log_id = l.id and e.player_id = own.id and e.name = 'player_answered' and e.data ? 'sha256'
    cross join lateral jsonb_array_elements_text(e.data->'records') as one(id) join record r on r.id = one.id::bigint
    group by e.log_id, e.seq
), gone as (
    update record r set form = form.instead, erased = r.erased or r.id in (select id from hit),
        value = case when r.id in (select id from hit) then '' else r.value end
    from form where r.form = form.form
), claimed as (
    update late_claim c set form = form.instead from form where c.form = form.form
), retold as (
    update event e set data = e.data - 'sha256' || jsonb_build_object('erased', true)
    from receipt where receipt.goes and (e.log_id, e.seq) = (receipt.log_id, receipt.seq)
)
select (select count(*) from hit)::integer as records,
    (select count(*) from receipt where goes)::integer as receipts,
    (select count(*) from receipt where goes and digest is distinct from sha256)::integer as broken

-- name: erase_moves
-- After the records and results: what was said with moves and came of them stands in the log, too, and what a study keeps
-- may have anybody's words. Why it refused moves, it says in its own, which may quote them. Also where a session goes on from
-- this one.
with there as materialized (
    select room_id, true as here from player where id = any(%(player_ids)s) and room_id is not null
    union
    select p.room_id, false from earlier e join player p on p.id = e.player_id
    where e.earlier_id = any(%(player_ids)s) and p.room_id is not null
), made as materialized (
    select m.record_id, m.room_id, m.nth, m.turn is not null as of_bot,
        -- What a bot says with a move may be in anybody's words, too.
        case when m.turn is null then r.value
            when not t.here or %(answers)s = 'none' or not m.step = any(%(worded_steps)s::text[]) then m.value else '' end as value,
        case when not t.here or %(answers)s = 'none' or not coalesce(m.step, r.step) = any(%(worded_steps)s::text[]) then m.state end as state, (
            select jsonb_object_agg(g.name, (
                select jsonb_object_agg(s.slot, case when exists (
                        select from result t where t.erased and (t.room_id, t.position, t.name, t.slot::text)
                            = (m.room_id, m.position, g.name, s.slot)
                    ) then '""'::jsonb else s.value end)
                from jsonb_each(g.by_slot) as s(slot, value)))
            from jsonb_each(m.results) as g(name, by_slot)
        ) as results, case when m.accepted then m.sentence when m.nth is not null then '(erased)' end as sentence
    from there t join move m on m.room_id = t.room_id left join record r on r.id = m.record_id
), gone as (
    update move m set state = made.state, results = made.results, sentence = made.sentence,
        value = case when made.of_bot then made.value end
    from made where m.record_id = made.record_id and m.nth is not null
)
update event e set data = e.data - 'state' - 'results'
    || jsonb_build_object('values', coalesce(nullif(made.value, ''), '{}')::jsonb)
    || case when made.state is null then '{}' else jsonb_build_object('state', made.state) end
    || case when made.results is null then '{}' else jsonb_build_object('results', made.results) end
    || case when e.data ? 'sentence' then jsonb_build_object('sentence', made.sentence) else '{}' end
from log l, made
where e.log_id = l.id and l.room_id = made.room_id and e.name = 'move_made' and (e.data->>'record')::bigint = made.record_id

-- name: erase_messages
-- And what bots wrote in their rooms: they read what people say, and may have quoted it.
with own as materialized (
    select id, room_id from player where id = any(%(player_ids)s)
), gone as (
    update message m set body = '', erased = true, form = gen_random_uuid()
    from (select distinct on (m.id) m.id from own join message m on m.room_id = own.room_id
        and (m.player_id = own.id or m.turn is not null)) theirs
    where m.id = theirs.id and not m.erased
    returning m.id
), retold as (
    update event e set data = e.data - 'sha256'
    from own join log l on l.room_id = own.room_id
    where e.log_id = l.id and (e.player_id = own.id or e.player_id is null) and e.name = 'message_sent'
)
select count(*)::integer from gone

-- name: erase_notes
with gone as (
    update note set body = '', situation = '', erased = true, form = gen_random_uuid()::text
    where session_id = %(session_id)s and player_id = any(%(player_ids)s) and not erased returning id
)
select count(*)::integer from gone

-- name: erase_attempts
update door_attempt a set erased = true,
    answers = (select jsonb_object_agg(field, '') from jsonb_object_keys(a.answers) as f(field))
where player_id = any(%(player_ids)s) and not erased

-- name: erase_earlier
-- What another session was told of them, and what this one was told: no number leads from one to the other any more.
-- A hook there may have quoted it as it failed.
with gone as materialized (
    delete from earlier where player_id = any(%(player_ids)s) or earlier_id = any(%(player_ids)s)
    returning session_id, player_id
), stopped as (
    update lobby set stopped = stopped || '{"sentence": "(erased)", "values": "", "printed": ""}'
    where session_id in (select session_id from gone) and session_id <> %(session_id)s and stopped is not null
)
update event e set data = e.data || '{"sentence": "(erased)"}'
from log l where e.log_id = l.id and l.session_id in (select session_id from gone) and l.session_id <> %(session_id)s
    and e.data ? 'sentence' and (l.room_id is null or l.room_id in (
        select room_id from player where id in (select player_id from gone)
        union all select id from room where player_id in (select player_id from gone)))

-- name: erase_traces
with drafts as (delete from draft where player_id = any(%(player_ids)s)),
    pages as (delete from presence where player_id = any(%(player_ids)s)),
    links as (delete from visit where player_id = any(%(player_ids)s))
delete from sign where player_id = any(%(player_ids)s)

-- name: erase_what_recruiter_knows
-- What was paid stays, and to whom by our number. What the recruiter said may name them by theirs.
with there as (delete from submission where player_id = any(%(player_ids)s)),
    reviews as (update review set submission_id = '', said = '' where player_id = any(%(player_ids)s)),
    told as (
        update payout set said = ''
        where said <> '' and id in (select payout_id from bonus where player_id = any(%(player_ids)s))
    )
update bonus set submission_id = '', said = '' where player_id = any(%(player_ids)s)

-- name: erase_what_hooks_were_given
-- What a hook says as it fails, the values that it was given, and why it calls a room together, may be anybody's words.
with rooms as (
    select room_id from player where id = any(%(player_ids)s) union select id from room where player_id = any(%(player_ids)s)
), stopped as (
    update lobby set stopped = stopped || '{"sentence": "(erased)", "values": "", "printed": ""}'
    where session_id = %(session_id)s and stopped is not null
), called as (
    update gathering set reason = '(erased)'
    where id in (select gathering_id from asked where player_id = any(%(player_ids)s))
)
update event e set data = e.data || '{"sentence": "(erased)"}'
from log l where e.log_id = l.id and l.session_id = %(session_id)s and e.data ? 'sentence'
    and (l.room_id is null or l.room_id in (select room_id from rooms))

-- name: erase_reasons
-- Why a hook seated these people: it says so in its own words, and had what they said at the door.
with reason as (
    update room set reason = '(erased)' where id in (select room_id from player where id = any(%(player_ids)s)) returning name
)
update event e set data = e.data || '{"reason": "(erased)"}'
from log l where e.log_id = l.id and l.session_id = %(session_id)s and e.name = 'room_opened'
    and e.data->>'room' in (select name from reason)

-- name: erase_people
-- Somebody else may be called so by chance.
with own as materialized (
    select id, label, case when exists (
            select from player q where q.session_id = p.session_id and q.id <> p.id and q.label = 'erased ' || p.id
        ) then 'erased ' || p.id || ' ' || left(gen_random_uuid()::text, 8) else 'erased ' || p.id end as instead
    from player p where id = any(%(player_ids)s) and erased_at is null
), retold as (
    update event e set data = e.data
        || case when newcomer.id is not null then jsonb_build_object('now', newcomer.instead) else '{}' end
        || case when leaver.id is not null then jsonb_build_object('before', leaver.instead) else '{}' end
    from log l join event told on told.log_id = l.id and told.name = 'player_replaced'
    left join own newcomer on newcomer.id = told.player_id
    left join own leaver on leaver.id = (told.data->>'before_id')::bigint
    where l.session_id = %(session_id)s and (e.log_id, e.seq) = (told.log_id, told.seq)
        and (newcomer.id is not null or leaver.id is not null)
)
update player p set label = own.instead, token_hash = sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())),
    token_end = '', door_id = null, entry = '{}', given = '{}', erased_at = clock_timestamp(), erase_wanted_at = null
from own where p.id = own.id

-- name: add_erasure
insert into erasure (session_id, player_id, by, why, answers, people, records, messages, notes, results, receipts, broken)
values (%(session_id)s, %(player_id)s, %(by)s, %(why)s, %(answers)s, %(people)s, %(records)s, %(messages)s, %(notes)s,
    %(results)s, %(receipts)s, %(broken)s)

-- name: old_sessions
-- Closed for so long, with somebody in them of whom something personal is left, and nobody who is just now in a session
-- that goes on from them.
select s.id, s.name from session s
where s.status = 'closed' and s.closed_at <= clock_timestamp() - make_interval(secs => %(seconds)s)
    and exists (select from player p where p.session_id = s.id and p.erased_at is null)
    and not exists (
        select from player p join earlier e on e.earlier_id = p.id join player q on q.id = e.player_id
        left join room t on t.id = q.room_id
        where p.session_id = s.id and (q.status not in ('invited', 'finished', 'left') or t.status = 'playing'))
order by s.closed_at, s.id

-- name: want
update player set erase_wanted_at = clock_timestamp()
where id = %(player_id)s and status in ('finished', 'left') and erased_at is null and erase_wanted_at is null

-- name: is_there
select exists (select from player where id = %(player_id)s)

-- name: wanted
-- Who asked for it and whose room has ended, of whom nothing is asked of a recruiter, and who is not just now in a session
-- that goes on from what they said.
select p.id, p.session_id from player p left join room r on r.id = p.room_id
where p.erase_wanted_at is not null and p.erased_at is null and p.status in ('finished', 'left')
    and not exists (select from transfer t where t.session_id = p.session_id and t.done_at is null)
    and coalesce(r.status = 'ended', true)
    and not exists (select from bonus b where b.player_id = p.id and b.state in ('open', 'held'))
    and not exists (select from review v where v.player_id = p.id and v.state in ('asked', 'sent'))
    and not exists (
        select from earlier e join player q on q.id = e.player_id left join room t on t.id = q.room_id
        where e.earlier_id = p.id and (q.status not in ('invited', 'finished', 'left') or t.status = 'playing'))
order by p.id limit 20

-- name: is_anything_due
select exists (select from erasure where swept_at is null) or exists (
    select from player where erase_wanted_at is not null and erased_at is null)

-- name: unswept
-- Those of whose old rows nobody has a view any more: not an export that began before them, either.
select id from erasure e where swept_at is null and not exists (
    select from pg_stat_activity a where a.datname = current_database() and a.backend_xmin is not null
        and a.pid <> pg_backend_pid() and age(a.backend_xmin) >= age(e.xmin)
)
order by id

-- name: take_turn
select pg_try_advisory_lock(7021338)

-- name: end_turn
select pg_advisory_unlock(7021338)

-- name: lock_traces
-- Whatever was on its way into these is there when this is got, and whatever comes later finds nobody.
lock table draft, presence, visit, sign, late_claim, submission in share row exclusive mode

-- name: sweep_traces
-- Of whoever was erased in a session since the last time: nothing more is written of them.
with erased as materialized (
        select id from player where erased_at is not null and session_id in (select session_id from erasure where swept_at is null)
    ),
    drafts as (delete from draft where player_id in (select id from erased)),
    pages as (delete from presence where player_id in (select id from erased)),
    links as (delete from visit where player_id in (select id from erased)),
    there as (delete from submission where player_id in (select id from erased)),
    claims as (delete from late_claim c where player_id in (select id from erased) -- of the form as it was
        and not exists (select from record r where r.form = c.form))
delete from sign where player_id in (select id from erased)

-- name: vacuum
vacuum player, earlier, door_attempt, record, move, message, note, result, event, room, lobby, draft, presence, visit, sign, late_claim, gathering,
    submission, review, payout, bonus

-- name: swept
update erasure set swept_at = clock_timestamp() where id = any(%(ids)s)
