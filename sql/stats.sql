-- name: put_figures
insert into process (id, seen_at, figures) values (%(id)s, now(), %(figures)s)
on conflict (id) do update set seen_at = excluded.seen_at, figures = excluded.figures
returning clock_timestamp()

-- name: remove_process
delete from process where id = %(id)s or seen_at < now() - interval '1 hour'

-- name: figures
select id, figures from process where seen_at > now() - interval '4 seconds' order by id

-- name: player_counts
select status::text, count(*)::integer from player where session_id = %(session_id)s group by status

-- name: totals
select coalesce(sum(records), 0)::bigint as records, coalesce(sum(messages), 0)::bigint as messages
from log where session_id = %(session_id)s

-- name: room_lines
select r.id, r.name, r.kind, r.number, r.status::text, r.position, r.step, r.round, r.deadline,
    array_agg(p.type order by s.slot) as types,
    array_agg(case
        when p.status = 'left' then 'left'
        when exists (
            select from record a where a.room_id = r.id and a.round = r.round and a.step = r.step
                and a.player_id = p.id and not a.late
        ) then 'answered'
        else 'silent' end order by s.slot) as states
from room r
join slot s on s.room_id = r.id
join player p on p.room_id = s.room_id and p.slot = s.slot
where r.session_id = %(session_id)s
group by r.id order by r.id

-- name: newest_events
select e.at, e.name, p.label, e.data from log l
join event e on e.log_id = l.id and e.seq > l.last_seq - 60
left join player p on p.id = e.player_id
where l.session_id = %(session_id)s and l.room_id is null and e.name <> 'player_placed'
order by e.seq desc limit 25

-- name: gone
-- Processes that have stopped writing and did not say goodbye.
select count(*)::integer from process where seen_at between now() - interval '2 minutes' and now() - interval '4 seconds'

-- name: longest_waits
select type, min(waiting_since) as since from player
where session_id = %(session_id)s and status = 'waiting' group by type

-- name: usual_times
-- Medians, in seconds: from signing in to a seat, and from the seat to the end.
select percentile_cont(0.5) within group (order by extract(epoch from seated_at - signed_in_at))::float8 as waited,
    (percentile_cont(0.5) within group (order by extract(epoch from finished_at - seated_at))
        filter (where status = 'finished'))::float8 as played
from player where session_id = %(session_id)s and seated_at is not null
