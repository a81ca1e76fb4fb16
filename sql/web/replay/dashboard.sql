-- name: connected_then
select s.player_id, bool_or(s.since <= %(at)s and (s.until is null or s.until > %(at)s)) as is_connected
from player p join presence s on s.player_id = p.id
where p.session_id = %(session_id)s group by s.player_id

-- name: events_around
-- Of one room all; of the session what its log says, and what moves its rooms on.
with near as (
    select e.at, e.name, e.player_id, e.data, r.name as room, e.at <= %(at)s as is_over, e.log_id, e.seq
    from log l join event e on e.log_id = l.id left join room r on r.id = l.room_id
    where l.session_id = %(session_id)s and (
        l.room_id = %(room_id)s::bigint or %(room_id)s::bigint is null and (
            l.room_id is null and e.name not in ('player_placed', 'room_ended')
            or l.room_id is not null and e.name in ('player_left', 'player_replaced', 'room_ended', 'room_stopped', 'room_retried')
                and (r.player_id is null or e.name <> 'room_ended')
        )
    )
), listed as (
    (select * from near where is_over order by at desc, log_id desc, seq desc limit %(before)s)
    union all (select * from near where not is_over order by at, log_id, seq limit %(after)s)
)
select l.at, l.name, l.player_id, l.data || jsonb_build_object('body', m.body, 'to', coalesce(l.data->'to', 'null')) as data, l.room, l.is_over
from listed l left join message m on l.name = 'message_sent' and m.id = (l.data->>'message')::bigint
order by l.at desc, l.log_id desc, l.seq desc

-- name: marks
select e.at, e.name from log l join event e on e.log_id = l.id
where l.session_id = %(session_id)s and l.room_id is null and e.name like 'session\_%%'
order by e.seq

-- name: answers_over
select least(width_bucket(extract(epoch from e.at), extract(epoch from %(first)s::timestamptz),
    extract(epoch from %(last)s::timestamptz) + 0.001, %(bars)s), %(bars)s) - 1 as bar, count(*) as answers
from log l join event e on e.log_id = l.id and e.name = 'player_answered'
where l.session_id = %(session_id)s group by bar order by bar

-- name: counted_in
select id, quotas from player where session_id = %(session_id)s and quotas <> '{}'
