-- name: take_back_nudges
-- Of those who have given a sign since, or have answered. A row that somebody else holds is looked at again soon.
with here as (
    select p.id from player p join room r on r.id = p.room_id left join sign g on g.player_id = p.id
    where p.session_id = %(session_id)s and p.status = 'playing' and p.nudged_at is not null and (
        g.at > p.nudged_at or exists (
            select from record a where a.room_id = r.id and a.round = coalesce(r.last_round, r.round)
                and a.step = coalesce(r.last_step, r.step) and a.player_id = p.id and not a.late
        )
    )
    order by p.id for update of p skip locked
)
update player set nudged_at = null from here where player.id = here.id

-- name: take_back_nudge
update player set nudged_at = null where id = %(player_id)s and status = 'playing' and nudged_at is not null

-- name: silent_players
-- Who has to answer the open step and has given no sign for so long that something is to be done. The cheap tests
-- come first: signs, then answers, and only of those few who are left what the log says. `perhaps` keeps them first, and
-- the log is named by its number: where a plan went through all events for each of 700 players this took 11 seconds.
-- Silence goes on over steps that were not answered. It begins anew with the first step that opened after somebody's
-- last answer (until then the room did not wait for them; at one's own pace, with the last sign), after a pause, and when processes began to listen.
-- Until when they have all passed on what they heard, silence is known.
with rule as (
    select * from unnest(%(steps)s::text[], %(silents)s::float8[], %(graces)s::float8[], %(nudges)s::boolean[], %(takes_out)s::boolean[])
        as r(step, silent, grace, nudges, takes_out)
), heard as (
    select max(heard_since) as since, min(heard_until) as until from process
    where seen_at > now() - interval '4 seconds'
), perhaps as materialized (
    select p.id as player_id, p.slot, r.id as room_id, r.step, r.pages is not null as own_pace,
        coalesce(r.last_step, r.step) as last_step, coalesce(r.last_round, r.round) as last_round,
        p.nudged_at is null and rule.nudges as is_to_be_nudged, heard.until - make_interval(secs => rule.silent) as since
    from room r join session s on s.id = r.session_id join rule on rule.step = r.step cross join heard
    join player p on p.room_id = r.id and p.status = 'playing'
    left join sign g on g.player_id = p.id
    where r.session_id = %(session_id)s and r.status = 'playing' and s.status = 'running'
        and r.stopped is null and not r.opening and (r.asked is null or p.slot = any(r.asked))
        and (%(room_ids)s::bigint[] is null or r.id = any(%(room_ids)s))
        and greatest(p.seated_at, g.at, heard.since, s.resumed_at) + make_interval(secs => rule.silent) <= heard.until
        and case
            when p.nudged_at is null then rule.nudges or rule.takes_out
            when not rule.nudges then rule.takes_out
            else rule.takes_out and greatest(p.nudged_at, heard.since, s.resumed_at) + make_interval(secs => rule.grace) <= heard.until
        end
), unanswered as materialized (
    select o.*, (select l.id from log l where l.room_id = o.room_id) as log_id
    from perhaps o
    where not exists (
            select from record a where a.room_id = o.room_id and a.round = o.last_round and a.step = o.last_step
                and a.player_id = o.player_id and not a.late
        )
        and not exists (
            select from message m where m.room_id = o.room_id and m.player_id = o.player_id and m.at > o.since
        )
)
select o.player_id, o.room_id, o.step, o.is_to_be_nudged from unanswered o
where coalesce((
    select min(e.at) from event e where e.log_id = o.log_id and e.name in ('room_opened', 'step_opened')
        and e.data->>'step' = any(%(steps)s)
        and (e.data->'asked' is null or e.data->'asked' @> to_jsonb(o.slot)) and e.at > coalesce((
        select max(a.at) from record a where a.room_id = o.room_id and a.player_id = o.player_id and not a.late
    ), '-infinity')
), case when o.own_pace then '-infinity'::timestamptz end) <= o.since
order by o.room_id, o.player_id

-- name: lock_rooms
-- Those that another process holds are its business.
select id from room where id = any(%(room_ids)s) order by id for update skip locked

-- name: lock_players
select id from player where id = any(%(player_ids)s) and status = 'playing' order by id for update

-- name: nudge
update player set nudged_at = clock_timestamp() where id = any(%(player_ids)s) and status = 'playing'
