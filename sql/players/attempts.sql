-- name: made
select count(*) from door_attempt where player_id = %(player_id)s

-- name: lock_invited
-- Before attempts are counted, by a statement of its own: the one that counts must see those of whoever was first.
select p.id from player p join session s on s.id = p.session_id
where p.id = any(%(player_ids)s) and p.status = 'invited' and s.status <> 'closed' order by p.id for update of p

-- name: add_attempts
-- A form that was counted, with the same answers under its own number (0: any), is not counted again; nor is any after a
-- right one.
insert into door_attempt (session_id, player_id, nth, most, answers, wrong)
select p.session_id, p.id, made.made + 1, %(most)s, g.answers, g.wrong::text[]
from unnest(%(player_ids)s::bigint[], %(numbers)s::integer[], %(answers)s::jsonb[], %(wrong)s::text[])
    as g(id, nth, answers, wrong)
join player p on p.id = g.id
cross join lateral (
    select count(*)::integer as made, coalesce(bool_or(a.wrong = '{}'), false) as passed,
        coalesce(bool_or((a.nth = g.nth or g.nth = 0) and a.answers = g.answers), false) as again
    from door_attempt a where a.player_id = p.id
) made
where not made.passed and not made.again and made.made < %(most)s
order by p.id

-- name: standing
select player_id, count(*)::integer as made, bool_or(wrong = '{}') as passed from door_attempt
where player_id = any(%(player_ids)s) group by player_id order by player_id
