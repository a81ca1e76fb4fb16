-- name: add_door
insert into door (session_id, places, extra) values (%(session_id)s, %(places)s, %(extra)s)

-- name: find_door
select s.id as session_id, s.status::text as session_status, d.session_id is not null as is_there,
    s.from_session_id is not null as goes_on
from session s left join door d on d.session_id = s.id where s.id = %(session_id)s

-- name: come_by_door
-- Those who have come by it, of these ids.
select p.door_id, p.id, case when p.status = 'invited' and p.in_line_until is not null then 'in line' else p.status::text end
from player p where p.session_id = %(session_id)s and p.door_id = any(%(ids)s)

-- name: id_of_browser
-- Of somebody without a recruiter's id, whom their browser's cookie finds again.
select door_id from player
where id = %(player_id)s and session_id = %(session_id)s and starts_with(door_id, %(of_browser)s)

-- name: next_numbers
-- The session is locked. Labels of a list may look like ours, and those that people bring from the session before do: where one
-- is among the next, as many more are looked through as there are such. Each is looked up by its index: what stands in brackets
-- of its own is not joined, and a join would go through everybody for each who comes.
with coming as (
    select d.session_id, d.made, %(count)s + cardinality(%(labels)s::text[]) as many
    from door d where d.session_id = %(session_id)s
), numbers as (
    select nth::integer from coming c cross join lateral generate_series(c.made + 1, c.made + c.many + case when (
        select bool_or((select true from player where session_id = c.session_id and label = 'd-' || near))
        from generate_series(c.made + 1, c.made + c.many) as near
    ) then (
        select count(*)::integer from player
        where session_id = c.session_id and label like 'd-%%' and label is distinct from 'd-' || by_door
    ) else 0 end) as nth
    where 'd-' || nth <> all(%(labels)s::text[])
        and (select true from player where session_id = c.session_id and label = 'd-' || nth) is null
    order by nth limit %(count)s
), counted as (
    update door set made = (select max(nth) from numbers) where session_id = %(session_id)s
)
select nth from numbers order by nth

-- name: make
-- Nobody has a token that leads to them: random bytes stand in its place, as the version before expects some. Whoever has
-- a label keeps it, unless somebody else here has it.
insert into player (session_id, label, type, token_hash, door_id, by_door, given)
select %(session_id)s, case when label = '' or exists (select from player q where q.session_id = %(session_id)s and q.label = p.label)
        then 'd-' || number else label end,
    type, sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), door_id,
    number, given
from unnest(%(numbers)s::integer[], %(labels)s::text[], %(types)s::text[], %(ids)s::text[], %(givens)s::jsonb[])
    as p(number, label, type, door_id, given)
order by number
returning door_id, id

-- name: places_of
select places as most, extra from door where session_id = %(session_id)s

-- name: change_places
update door set places = %(places)s, extra = %(extra)s where session_id = %(session_id)s

-- name: came_again
-- Not of who has just come, or whose arrival is not logged yet; and once a minute at most.
insert into came_again (session_id, player_id)
select session_id, id from player p
where id = any(%(player_ids)s) and arrival_logged and signed_in_at < clock_timestamp() - interval '2 seconds'
    and not exists (select from came_again where player_id = p.id and at > clock_timestamp() - interval '1 minute')
order by id

-- name: free_id
-- It goes from what their link brought, too: nobody is paid by it for what they did.
update player set door_id = %(other)s,
    given = (select coalesce(jsonb_object_agg(key, value), '{}') from jsonb_each(given) where value <> to_jsonb(door_id))
where id = %(player_id)s and not starts_with(door_id, %(of_browser)s)

-- name: on_another_visit
select p.id from unnest(%(player_ids)s::bigint[], %(visits)s::jsonb[]) as v(id, visit) join player p using (id)
where p.erased_at is null and not p.given @> v.visit order by p.id

-- name: put_visit
update player set given = given || %(visit)s where id = %(player_id)s and erased_at is null

-- name: yield_place
insert into yielding (player_id, session_id, until)
values (%(player_id)s, %(session_id)s, clock_timestamp() + interval '2 minutes')
on conflict (player_id) do update set until = excluded.until

-- name: yields
select exists (select from yielding where player_id = %(player_id)s and until > clock_timestamp())

-- name: put_counts
insert into door_count as c (session_id, why, parameter, times, last_at)
select * from unnest(%(sessions)s::text[], %(whys)s::text[], %(parameters)s::text[], %(times)s::integer[],
    %(at)s::timestamptz[]) order by 1, 2, 3
on conflict (session_id, why, parameter) do update
set times = c.times + excluded.times, last_at = greatest(c.last_at, excluded.last_at)

-- name: counts_of
select why, parameter, times, last_at from door_count where session_id = %(session_id)s order by times desc, why, parameter

-- name: door_now
-- A place is held from coming in to the end, whatever the part of the study; whose outcome stands holds none any more.
select count(p.id)::integer as came,
    count(*) filter (where p.status not in ('invited', 'finished', 'left') and p.outcome is null)::integer as inside,
    count(*) filter (where p.outcome = 'complete')::integer as complete,
    count(*) filter (where p.status = 'invited' and p.in_line_until is not null)::integer as in_line
from door d left join player p on p.session_id = d.session_id and p.by_door is not null
where d.session_id = %(session_id)s group by d.session_id

-- name: made
select made from door where session_id = %(session_id)s

-- name: names_kept
select names from door where session_id = %(session_id)s

-- name: keep_names
update door set names = names || %(names)s::text[] where session_id = %(session_id)s

-- name: count_sources
-- With these. Old ones go a few at a time.
with old as (
    delete from door_source where (session_id, source) in (
        select session_id, source from door_source where until < now() - interval '1 hour' limit 50 for update skip locked)
)
insert into door_source as d (session_id, source, made, until)
select %(session_id)s, source, made, now() + make_interval(secs => %(seconds)s)
from unnest(%(sources)s::bytea[], %(made)s::integer[]) as g(source, made) order by source
on conflict (session_id, source) do update
set made = case when d.until > now() then d.made + excluded.made else excluded.made end,
    until = case when d.until > now() then d.until else excluded.until end

-- name: made_from
select source, made from door_source
where session_id = %(session_id)s and source = any(%(sources)s) and until > now()

-- name: digests_of_erased
select door_digest from player where session_id = %(session_id)s and door_digest is not null

-- name: ids_of
select id, door_id from player where id = any(%(player_ids)s) and not starts_with(door_id, %(of_browser)s)

-- name: keep_digest
update player set door_digest = %(digest)s where id = %(player_id)s and erased_at is not null

-- name: forget_sources
delete from door_source where session_id = %(session_id)s

-- name: forget_digests
update player set door_digest = null where session_id = %(session_id)s and door_digest is not null
