-- name: payouts_of
select id, session_id, study_id, currency, people, amount, state, prepared_id, tries, said, by, at, sent_at, settled_at, try_at
from payout where session_id = %(session_id)s order by id desc

-- name: find_payout
select id, session_id, study_id, currency, people, amount, state, prepared_id, tries, said, by, at, sent_at, settled_at, try_at
from payout where id = %(id)s

-- name: bonuses_of
select b.payout_id, b.player_id, pl.label, b.submission_id, b.amount, b.state, b.said, b.listed_before, b.listed,
    coalesce((select sum(o.amount) from bonus o where o.player_id = b.player_id and o.state = 'paid'), 0)
        + coalesce((select sum(e.amount) from paid_elsewhere e where e.player_id = b.player_id), 0) as known
from bonus b join payout p on p.id = b.payout_id join player pl on pl.id = b.player_id
where p.session_id = %(session_id)s and (%(payout_id)s::bigint is null or p.id = %(payout_id)s)
order by b.payout_id desc, b.player_id

-- name: next_due
-- Of a session whose token we have, if only in the environment (`known`: the recruiters of whom there is one); and what was
-- sent longer ago than anybody waits, whoever has the token: it is the researcher's to say.
-- They don't pay two at the same time: one that is yet to pay waits for the one before it, whose session it may not be.
select id, session_id, study_id, currency, people, amount, state, prepared_id, tries, said, by, at, sent_at, settled_at, try_at
from payout p
where try_at <= clock_timestamp() and (%(session_id)s::text is null or session_id = %(session_id)s)
    and (exists (select from recruiting r where r.session_id = p.session_id and (r.token is not null or r.recruiter = any(%(known)s)))
        or state in ('paying', 'accepted') and sent_at < clock_timestamp() - make_interval(secs => %(patience)s))
    and (state <> 'asked' or not exists (
        select from payout o where o.state in ('paying', 'accepted') and o.sent_at > clock_timestamp() - interval '30 minutes'
            and (o.study_id = p.study_id or o.state = 'paying')))
order by try_at, id limit 1

-- name: begin_to_pay
-- Whoever gets the row makes the call that pays, and nobody else ever does. What was prepared is of all who are open, and of
-- nobody else.
update payout set state = 'paying', prepared_id = %(prepared_id)s, sent_at = clock_timestamp(), tries = 0, said = '',
    try_at = clock_timestamp()
where id = %(id)s and state = 'asked'
    and (select array_agg(player_id order by player_id) from bonus where payout_id = %(id)s and state = 'open') = %(players)s::bigint[]
returning id

-- name: was_not_sent
-- It never came to them, or they said that it is to come later.
update payout set state = 'asked', sent_at = null, tries = tries + 1, said = %(said)s,
    try_at = clock_timestamp() + make_interval(secs => %(seconds)s)
where id = %(id)s and state = 'paying'

-- name: accepted
update payout set state = 'accepted', said = '', try_at = clock_timestamp() where id = %(id)s and state = 'paying'

-- name: later
-- The researcher's to say where the call that pays is longer ago than anybody waits for what they list.
update payout set said = %(said)s, tries = tries + 1, try_at = clock_timestamp() + make_interval(secs => %(seconds)s),
    state = case when state in ('paying', 'accepted') and sent_at < clock_timestamp() - make_interval(secs => %(patience)s)
        then 'unclear' else state end
where id = %(id)s and state in ('asked', 'paying', 'accepted', 'unclear')

-- name: waited
select extract(epoch from clock_timestamp() - sent_at)::float8 from payout where id = %(id)s

-- name: look_again
update payout set said = %(said)s, tries = tries + 1, try_at = clock_timestamp() + make_interval(secs => %(seconds)s)
where id = %(id)s and state in ('paying', 'accepted')

-- name: look_now
update payout set try_at = clock_timestamp()
where session_id = %(session_id)s and state in ('paying', 'accepted', 'unclear')

-- name: leave_to_researcher
update payout set state = 'unclear', said = %(said)s, tries = tries + 1,
    try_at = clock_timestamp() + make_interval(secs => %(seconds)s::float8)
where id = %(id)s and state in ('paying', 'accepted', 'unclear')

-- name: end
update payout set state = %(state)s, said = %(said)s, settled_at = clock_timestamp(), try_at = null
where id = %(id)s and state not in ('settled', 'refused')

-- name: none_was_paid
update bonus set state = 'unpaid' where payout_id = %(id)s and state = 'open'

-- name: hold
-- Before anybody is paid, and so what was prepared with them is not paid either. Another process may have paid meanwhile, and
-- what is listed then is that.
with still as (update payout set prepared_id = null where id = %(id)s and state = 'asked' returning id)
update bonus b set state = 'held', said = %(said)s, listed_before = %(before)s, listed = %(listed)s
from still where b.payout_id = still.id and b.player_id = %(player_id)s and b.state = 'open'

-- name: put_listed
update bonus set listed_before = %(listed)s, listed = %(listed)s
where payout_id = %(id)s and player_id = %(player_id)s and state = 'open'

-- name: put_listed_after
update bonus set listed = %(listed)s, said = %(said)s
where payout_id = %(id)s and player_id = %(player_id)s and state = 'open'

-- name: was_paid
update bonus set state = 'paid', listed = %(listed)s, said = ''
where payout_id = %(id)s and player_id = %(player_id)s and state = 'open'
