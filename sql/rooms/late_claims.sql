-- name: put_claim
-- Of the answers with these numbers, if they came late; the first claim stays. Whether they were sent before their step
-- was over: that is when its room went on, or its deadline while it has not.
with answer as (
    select r.form, r.session_id, r.player_id, r.room_id, min(r.at) as at from record r
    where r.id = any(%(records)s) and r.late and r.player_id = %(player_id)s
    group by r.form, r.session_id, r.player_id, r.room_id
), put as (
    insert into late_claim (form, session_id, player_id, tried_at)
    select form, session_id, player_id, least(at, clock_timestamp() - make_interval(secs => %(seconds)s)) from answer
    on conflict (form) do nothing
    returning form, tried_at
)
select coalesce(put.tried_at, c.tried_at) <= coalesce((
    select min(e.at) from log l join event e on e.log_id = l.id
    where l.room_id = answer.room_id
        and (e.name = 'room_ended' or e.name = 'step_opened' and (e.data->>'position')::int > %(position)s)
), room.deadline)
from answer join room on room.id = answer.room_id
left join put using (form) left join late_claim c on c.form = answer.form
