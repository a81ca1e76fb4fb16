-- name: labels_there
select label, by_door is null as is_listed from player where session_id = %(session_id)s

-- name: same_people
select label from player
where session_id = %(session_id)s and (label = any(%(labels)s) or token_hash = any(%(hashes)s)) order by id limit 1

-- name: set_form
-- For the event, within this transaction.
select set_config('networklab.form', %(form)s, true)

-- name: added_by
select array(select jsonb_array_elements_text(e.data->'players')::bigint) from log l
join event e on e.log_id = l.id and e.name = 'people_added' and e.data->>'form' = %(form)s
where l.session_id = %(session_id)s and l.room_id is null
