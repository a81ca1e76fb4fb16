-- name: sizes
-- Who is invited by a list, by type; who comes by the link for everybody is counted by its places.
select coalesce(jsonb_object_agg(coalesce(type, ''), people), '{}') from (
    select type, count(*) as people from player where session_id = %(session_id)s and by_door is null group by type
) t

-- name: rules
select s.seed, s.from_session_id, s.from_outcomes from session s where s.id = %(session_id)s

-- name: add
insert into seal (session_id, digest, document, came, records, by)
select %(session_id)s, %(digest)s, %(document)s,
    (select count(*) from player where session_id = %(session_id)s and status <> 'invited'),
    (select coalesce(sum(records), 0) from log where session_id = %(session_id)s), %(by)s

-- name: seals
select digest, document, came, records, by, at from seal where session_id = %(session_id)s order by id

-- name: mended_since
select path, by, at from mended where session_id = %(session_id)s and at > %(at)s order by at
