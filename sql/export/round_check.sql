-- name: rounds
-- How many lines rounds.csv should have, told in other words than there: of each page that opened in each room the round
-- it belongs to, and of each round and seat as many as had it then, and one where nobody did.
with opened as (
    select o.room_id, o.pages, o.at,
        coalesce(lead(o.at) over (partition by o.room_id order by o.position), r.ended_at, 'infinity') as until
    from opened_step o join room r on r.id = o.room_id and r.session_id = %(session_id)s where o.session_id = %(session_id)s
), turn as (
    select o.room_id, t.first, substring(page from '[0-9]+$') as round, min(o.at) as at, max(o.until) as until
    from opened o cross join lateral (
        select distinct regexp_replace(name, ' @[0-9]+$', '') as page from unnest(o.pages) as name -- of whom it is for
    ) named
    join unnest(%(steps)s::text[], %(firsts)s::text[]) as t(step, first) on t.step = substring(page from '^(.*) [0-9]+$')
    group by o.room_id, t.first, 3
)
select coalesce(sum(case when room.player_id is not null then 1 else greatest(1, (
    select count(*) from player p where p.room_id = s.room_id and p.slot = s.slot and p.seated_at < turn.until
        and (p.status = 'playing' or p.outcome = 'complete' or coalesce(p.waited_until, p.finished_at) > turn.at)
)) end), 0)::bigint
from turn join room on room.id = turn.room_id and room.session_id = %(session_id)s left join slot s on s.room_id = turn.room_id and s.session_id = %(session_id)s
