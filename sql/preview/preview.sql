-- name: sessions_to_close
select id from session where status <> 'closed' order by id

-- name: stopped
select w.room, w.stopped->>'hook' as hook, rtrim(w.stopped->>'sentence', '.') as sentence,
    (w.stopped->>'line')::integer as line
from (
    select 0 as id, 'The seating' as room, stopped from lobby where session_id = %(session_id)s
    union all
    select id, name, stopped from room where session_id = %(session_id)s
) w where w.stopped is not null order by w.id
