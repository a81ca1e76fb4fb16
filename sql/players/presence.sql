-- name: put_presence
insert into presence (player_id, session_id, process, since, until)
select player_id, session_id, %(process)s, since, until
from unnest(%(players)s::bigint[], %(sessions)s::text[], %(since)s::timestamptz[], %(until)s::timestamptz[])
    as p(player_id, session_id, since, until)
where not exists (select from player where id = p.player_id and erased_at is not null)
on conflict (player_id, process, since) do update set until = excluded.until

-- name: put_visits
insert into visit (player_id, session_id, opened_at)
select * from unnest(%(players)s::bigint[], %(sessions)s::text[], %(at)s::timestamptz[]) as p(player_id, session_id, at)
where not exists (select from player where id = p.player_id and erased_at is not null)
on conflict (player_id) do nothing

-- name: end_presence
-- Of a process that ends, or of one that had this name before.
update presence set until = greatest(since, coalesce((select seen_at from process where id = %(process)s), now()))
where process = %(process)s and until is null

-- name: spells
-- When a page of this player was connected; until is null while one is.
select s.since, case when s.until is null and p.seen_at > now() - interval '4 seconds' then null
    else greatest(s.since, coalesce(s.until, p.seen_at, s.since)) end as until
from presence s left join process p on p.id = s.process
where s.player_id = %(player_id)s order by s.since

-- name: opened_at
select opened_at from visit where player_id = %(player_id)s

-- name: is_connected
select exists (select from connected where session_id = %(session_id)s and player_id = %(player_id)s)
