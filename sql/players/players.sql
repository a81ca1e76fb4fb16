-- name: new_numbers
select nextval(pg_get_serial_sequence('player', 'id')) from generate_series(1, %(many)s) order by 1

-- name: invite
insert into player (id, session_id, label, type, token_hash, token_end, given) overriding system value
select id, %(session_id)s, label, type, token_hash, token_end, given
from unnest(%(numbers)s::bigint[], %(labels)s::text[], %(types)s::text[], %(hashes)s::bytea[], %(ends)s::text[],
    %(given)s::jsonb[]) as p(id, label, type, token_hash, token_end, given)
order by id

-- name: also_invited_to
-- Sessions that are not closed and know one of these tokens already.
select s.id, s.name, count(*) as people from player p join session s on s.id = p.session_id
where p.token_hash = any(%(hashes)s) and s.status <> 'closed' and s.id <> %(session_id)s
group by s.id order by s.opened_at desc

-- name: invite_again
-- Whoever erases one of them waits for this, or this for them.
with there as materialized (
    select n.number, p.id, p.label, p.type, p.token_hash, p.token_end, p.given
    from unnest(%(numbers)s::bigint[], %(player_ids)s::bigint[]) as n(number, id) join player p using (id)
    where p.erased_at is null order by p.id for key share of p
), invited as (
    insert into player (id, session_id, label, type, token_hash, token_end, given) overriding system value
    select number, %(session_id)s, label, type, token_hash, token_end, given from there order by number
)
select number, id from there order by number

-- name: find_by_tokens
-- Several sessions may know a token: the second wave does, and one list may serve several. The session that is meant
-- counts, else that in which this player is now, else the newest in which they have been or may still come in.
select g.nth, p.* from unnest(%(nths)s::integer[], %(hashes)s::bytea[], %(session_ids)s::text[]) as g(nth, token_hash, meant)
cross join lateral (
    select p.token_hash, p.id, p.session_id, p.label, p.type, p.status::text, p.room_id, p.slot, p.signed_in_at,
        p.waiting_since, p.seated_at, p.finished_at, p.outcome, p.code, s.status::text as session_status
    from player p join session s on s.id = p.session_id
    where p.token_hash = g.token_hash
    order by s.id = g.meant desc, p.status not in ('invited', 'finished', 'left') desc, p.status = 'invited' and s.status = 'closed',
        s.opened_at desc limit 1
) p

-- name: all_by_token
-- In the same order.
select p.token_hash, p.id, p.session_id, p.label, p.type, p.status::text, p.room_id, p.slot, p.signed_in_at,
    p.waiting_since, p.seated_at, p.finished_at, p.outcome, p.code, s.status::text as session_status, p.given, p.language
from player p join session s on s.id = p.session_id
where p.token_hash = %(hash)s
order by s.id = %(session_id)s desc, p.status not in ('invited', 'finished', 'left') desc,
    p.status = 'invited' and s.status = 'closed', s.opened_at desc

-- name: number_of
select id from player where session_id = %(session_id)s and label = %(label)s

-- name: find_player
-- With what most pages need to know besides, so that they need not ask: how far the log of their session has come, in
-- which room they are now, alone or with others, and how far its log has; what they have earned; and whether there are
-- notes or drafts for them at all, or answers to the page that is open there.
select p.token_hash, p.id, p.session_id, p.label, p.type, p.status::text, p.room_id, p.slot, p.signed_in_at,
    p.waiting_since, p.seated_at, p.finished_at, p.outcome, p.code, s.status::text as session_status,
    case when p.nudged_at is not null then greatest(p.nudged_at, s.resumed_at) end as nudged_at, p.standby_until, p.treatment,
    s.start_at, s.study_sha256, p.erased_at, p.erase_wanted_at, p.queued_at, g.deadline as asked_until, a.ready_at, p.given,
    p.door_id, p.queued_from, p.waited_until, p.in_line_since, p.in_line_until, p.seed,
    p.language, l.id as session_log_id, l.last_seq as session_seq, here.id as here_id, here.last_seq as here_seq,
    coalesce(here.has_said, false) as has_said,
    coalesce((select sum(e.amount) from earning e where e.player_id = p.id), 0) as earned,
    exists (select from note n where n.session_id = p.session_id and (n.player_id = p.id or n.player_id is null)) as has_notes,
    exists (select from draft d where d.player_id = p.id) as has_drafts
from player p join session s on s.id = p.session_id join log l on l.session_id = p.session_id and l.room_id is null
left join asked a on a.player_id = p.id and p.status = 'waiting' left join gathering g on g.id = a.gathering_id
left join lateral (
    select r.id, n.last_seq, r.pages is not null or exists (
        select from record c where c.room_id = r.id and c.round = r.round and c.step = r.step and c.player_id = p.id
    ) as has_said
    from room r join log n on n.room_id = r.id
    where r.id = case when p.status = 'playing' then p.room_id
        else (select s.id from room s where s.player_id = p.id and s.during = p.status) end
) here on true
where p.id = %(player_id)s

-- name: lock_player
select id from player where id = %(player_id)s for update

-- name: sign_in
-- Everybody of a batch. Only who is still invited is locked, by id: who comes again may be on their way to a seat, and
-- a seating must never wait for this one while this one waits for it. Whoever another process has signed in
-- meanwhile waits as well.
with found as (
    select g.token_hash, g.meant, g.entry, g.page, g.begins, p.id, p.session_id, p.status,
        p.status = 'invited' and p.is_open as may_come_in, p.status = 'invited' and not p.is_open as shut_out
    from unnest(%(hashes)s::bytea[], %(session_ids)s::text[], %(entries)s::jsonb[], %(pages)s::text[],
        %(begins)s::player_status[]) as g(token_hash, meant, entry, page, begins)
    cross join lateral (
        select p.id, p.session_id, p.status, s.status <> 'closed' as is_open
        from player p join session s on s.id = p.session_id
        where p.token_hash = g.token_hash
        order by s.id = g.meant desc, p.status not in ('invited', 'finished', 'left') desc,
            p.status = 'invited' and s.status = 'closed', s.opened_at desc limit 1
    ) p
), invited as (
    select id from player where id in (select id from found where may_come_in) and status = 'invited'
    order by id for update
), signed_in as (
    update player set status = found.begins, entry = found.entry, entry_page = found.page, signed_in_at = now(),
        waiting_since = case when found.begins = 'waiting' then now() end
    from found join invited using (id) where player.id = found.id
)
select token_hash, id, session_id, (case when may_come_in then begins else status end)::text as status, shut_out, meant
from found

-- name: log_arrivals
-- Only of those that a seating has looked at: arrival_logged tells that somebody has.
update player set arrival_logged = true where id = any(%(player_ids)s) and status = 'waiting' and not arrival_logged

-- name: leave
-- clock_timestamp(), here and below: the transaction may have waited for a lock, and the minutes of a wait are paid.
update player set status = 'left', arrival_logged = true, finished_at = c.now, outcome = %(outcome)s, code = %(code)s,
    followed_by = %(followed_by)s, waiting_since = coalesce(waiting_since, c.now)
from (select clock_timestamp() as now) c
where id = any(%(player_ids)s) and status in ('before', 'waiting', 'playing')

-- name: enter_lobby
-- Whoever is through with what comes before it waits from now on.
update player set status = 'waiting', waiting_since = c.now, queued_from = c.now
from (select clock_timestamp() as now) c
where id = any(%(player_ids)s) and status = 'before'

-- name: go_on
-- How it ended stands from now on, whatever comes after.
update player set status = 'after', outcome = %(outcome)s, code = %(code)s, arrival_logged = true,
    waiting_since = coalesce(waiting_since, c.now), waited_until = c.now, standby_until = null, nudged_at = null
from (select clock_timestamp() as now) c
where id = any(%(player_ids)s) and status in ('before', 'waiting', 'playing')

-- name: finish_after
-- Who has been nowhere else has ended with the outcome that is given.
update player set status = case when coalesce(outcome, %(outcome)s) = any(%(finished)s) then 'finished' else 'left' end::player_status,
    finished_at = c.now, arrival_logged = true, waiting_since = coalesce(waiting_since, c.now),
    outcome = coalesce(outcome, %(outcome)s), code = coalesce(code, %(code)s)
from (select clock_timestamp() as now) c
where id = any(%(player_ids)s) and status = 'after'

-- name: finish_all
update player set status = 'finished', finished_at = c.now, outcome = %(outcome)s, code = %(code)s, arrival_logged = true,
    waiting_since = coalesce(waiting_since, c.now)
from (select clock_timestamp() as now) c
where id = any(%(player_ids)s) and status in ('before', 'playing')

-- name: playing_in
select id from player where room_id = any(%(room_ids)s) and status = 'playing' order by id

-- name: leave_lobby
update player set status = 'left', arrival_logged = true, finished_at = c.now,
    outcome = case when standby_until is null then 'lobby' else 'standby' end,
    code = case when standby_until is null then %(code)s else %(standby_code)s end
from (select clock_timestamp() as now) c
where session_id = %(session_id)s and status = 'waiting'

-- name: finish
update player set status = 'finished', finished_at = c.now, outcome = %(outcome)s, code = %(code)s
from (select clock_timestamp() as now) c
where room_id = any(%(room_ids)s) and status = 'playing'

-- name: was_taken_out
-- Their own log says who did it: the room's, or the session's if they never had a room.
select exists (
    select from player p join log l on l.session_id = p.session_id and l.room_id is not distinct from p.room_id
    join event e on e.log_id = l.id and e.player_id = p.id and e.name = 'player_left'
    where p.id = %(player_id)s and l.session_id = %(session_id)s and e.data ? 'by'
)
