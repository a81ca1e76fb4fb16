-- name: invited
-- With all numbers that each had: here, in the session before, and so on. A token was made by the first.
with recursive known as (
    select id, id as number from player
    where session_id = %(session_id)s and erased_at is null and by_door is null
        and (%(numbers)s::bigint[] is null or id = any(%(numbers)s))
    union all
    select known.id, e.earlier_id from known join earlier e on e.player_id = known.number where e.earlier_id is not null
)
select p.id, label, type, token_hash, array_agg(known.number order by known.number) from known join player p using (id)
group by p.id order by p.id
