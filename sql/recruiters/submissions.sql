-- name: known
select id, label, given, entry, door_id from player
where session_id = %(session_id)s and signed_in_at is not null and erased_at is null order by id

-- name: let_go
-- What is theirs no more: somebody else may have it now.
delete from submission s where session_id = %(session_id)s and not exists (
    select from unnest(%(players)s::bigint[], %(ids)s::text[]) as l(player_id, id) where (l.player_id, l.id) = (s.player_id, s.id))

-- name: put
-- Nothing of whoever was erased meanwhile.
insert into submission as s (player_id, session_id, id, standing, code)
select l.player_id, %(session_id)s, l.id, l.standing, l.code
from unnest(%(players)s::bigint[], %(ids)s::text[], %(standings)s::text[], %(codes)s::text[])
    as l(player_id, id, standing, code)
join player p on p.id = l.player_id and p.erased_at is null
order by 1
on conflict (player_id) do update set standing = excluded.standing, code = excluded.code, changed_at = clock_timestamp()
where (s.standing, s.code) is distinct from (excluded.standing, excluded.code)

-- name: looked
-- While people come, each minute; when the session is closed, each ten minutes for three weeks, after which Prolific
-- has approved whatever nobody looked at.
update recruiting r set standings = %(standings)s, not_here = %(not_here)s, looked_at = clock_timestamp(), failures = 0,
    problem = '', look_at = case when s.status <> 'closed' then clock_timestamp() + interval '1 minute'
        when s.closed_at > clock_timestamp() - interval '21 days' then clock_timestamp() + interval '10 minutes' end
from session s where r.session_id = %(session_id)s and s.id = r.session_id

-- name: submissions_of
select player_id, id, standing, code from submission where session_id = %(session_id)s

-- name: submission_of
select player_id, id, standing, code from submission where player_id = %(player_id)s

-- name: people_there
select p.id as player_id, p.label, p.status::text, p.outcome, s.standing, s.code as handed_in
from player p left join submission s on s.player_id = p.id
where p.session_id = %(session_id)s and p.signed_in_at is not null order by p.id
