-- name: paid
-- What of this session's pay each has been paid, as far as it counts, and whether more is on its way.
select p.id as player_id,
    coalesce((select sum(amount) from bonus b where b.player_id = p.id and b.state = 'paid'), 0)
        + coalesce((select sum(amount) from paid_elsewhere e where e.player_id = p.id and e.counts), 0) as amount,
    exists (select from bonus b where b.player_id = p.id and b.state in ('open', 'held')) as on_its_way
from player p where p.session_id = %(session_id)s
    and (exists (select from bonus b where b.player_id = p.id) or exists (select from paid_elsewhere e where e.player_id = p.id))

-- name: add_payout
insert into payout (session_id, study_id, currency, people, amount, by, digest)
values (%(session_id)s, %(study_id)s, %(currency)s, %(people)s, %(amount)s, %(by)s, %(digest)s) returning id

-- name: confirmed_by
select id from payout where session_id = %(session_id)s and digest = %(digest)s and digest <> '' order by id

-- name: add_bonuses
insert into bonus (payout_id, player_id, submission_id, amount)
select %(payout_id)s, * from unnest(%(players)s::bigint[], %(submissions)s::text[], %(amounts)s::numeric[])

-- name: count_listed
-- Of those that were left out: what is listed and was not known, or, where no more is listed than was known, what was asked
-- for. Where it was not this bonus, what is known is what is listed from now on, be it less: else they would be left out again.
insert into paid_elsewhere (player_id, amount, counts, by)
select b.player_id, case when %(counts)s and coalesce(b.listed < b.listed_before, true) then b.amount
    else b.listed - b.listed_before end, %(counts)s, %(by)s
from bonus b join payout p on p.id = b.payout_id
where p.session_id = %(session_id)s and p.id = %(payout_id)s and b.state = 'held'
    and (b.listed <> b.listed_before or b.listed is null and %(counts)s)
    and (%(player_id)s::bigint is null or b.player_id = %(player_id)s)

-- name: were_paid
-- Whoever was left out was not paid by this: what is listed counts instead.
with said as (
    update bonus b set state = case b.state when 'open' then 'paid' else 'unpaid' end
    from payout p
    where p.id = b.payout_id and p.session_id = %(session_id)s and p.id = %(payout_id)s
        and (b.state = 'held' or b.state = 'open' and p.state = 'unclear')
        and (%(player_id)s::bigint is null or b.player_id = %(player_id)s)
    returning b.player_id
)
select count(*)::integer from said

-- name: were_not_paid
with said as (
    update bonus b set state = 'unpaid'
    from payout p
    where p.id = b.payout_id and p.session_id = %(session_id)s and p.id = %(payout_id)s
        and (b.state = 'held' or b.state = 'open' and p.state = 'unclear')
        and (%(player_id)s::bigint is null or b.player_id = %(player_id)s)
    returning b.player_id
)
select count(*)::integer from said

-- name: are_so
-- So many, if all of them are as is said: what was left out counts by what is listed.
select case when bool_and(case when %(paid)s then b.state = 'paid' or b.state = 'unpaid' and l.counts
    else b.state = 'unpaid' and not l.counts end) then count(*) else 0 end::integer
from bonus b join payout p on p.id = b.payout_id
cross join lateral (select exists (
    select from paid_elsewhere e where e.player_id = b.player_id and e.counts
        and e.amount = case when coalesce(b.listed < b.listed_before, true) then b.amount else b.listed - b.listed_before end
) as counts) l
where p.session_id = %(session_id)s and p.id = %(payout_id)s
    and (%(player_id)s::bigint is null or b.player_id = %(player_id)s)

-- name: end_payout
update payout p set state = 'settled', settled_at = clock_timestamp(), try_at = null
where id = %(payout_id)s and state = 'unclear' and not exists (
    select from bonus b where b.payout_id = p.id and b.state = 'open')
