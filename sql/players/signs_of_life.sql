-- name: put_signs
insert into sign (player_id, at)
select * from unnest(%(players)s::bigint[], %(at)s::timestamptz[]) as p(player_id, at)
where not exists (select from player where id = p.player_id and erased_at is not null)
on conflict (player_id) do update set at = greatest(sign.at, excluded.at)

-- name: put_heard
-- A process that passed nothing on for longer than a moment may have lost signs: then it hears only from now on.
update process set heard_until = %(until)s,
    heard_since = case when heard_until > %(until)s - interval '4 seconds' then heard_since else %(until)s end
where id = %(process)s
