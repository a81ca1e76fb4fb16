-- name: take_turn
select pg_try_advisory_lock(7021340)

-- name: end_turn
select pg_advisory_unlock(7021340)

-- name: is_anything_due
-- Where we have a token, of the session or (`known`) of the environment: another process may have one that we have not. What
-- patience has run out with needs none.
select exists (
    select from recruiting r where (r.token is not null or r.recruiter = any(%(known)s)) and (
        r.look_at <= clock_timestamp()
        or exists (select from payout p where p.session_id = r.session_id and p.try_at <= clock_timestamp())
        or exists (
            select from review v where v.session_id = r.session_id and v.state = 'asked' and v.try_at <= clock_timestamp()))
) or exists (
    select from payout where state in ('paying', 'accepted') and try_at <= clock_timestamp()
        and sent_at < clock_timestamp() - make_interval(secs => %(patience)s)
)

-- name: look_due
select session_id from recruiting where look_at <= clock_timestamp() and (token is not null or recruiter = any(%(known)s))
    and (%(session_id)s::text is null or session_id = %(session_id)s)
order by look_at limit 1

-- name: reviews_wait
update review set said = %(said)s, try_at = clock_timestamp() + interval '1 minute'
where session_id = %(session_id)s and state = 'asked' and try_at <= clock_timestamp()
