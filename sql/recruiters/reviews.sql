-- name: waiting
select p.id as player_id, p.label, p.outcome, p.code, s.id as submission_id, s.code as handed_in
from submission s join player p on p.id = s.player_id
where s.session_id = %(session_id)s and s.standing = 'awaiting_review' and p.outcome is not null and p.code is not null
    and not exists (select from review r where r.player_id = p.id and r.state in ('asked', 'sent', 'done'))
order by p.id

-- name: add
-- All at one moment: by that they are known as one confirmation.
insert into review (session_id, player_id, submission_id, what, code, by, at)
select %(session_id)s, player_id, submission_id, what, code, %(by)s, now()
from unnest(%(players)s::bigint[], %(submissions)s::text[], %(whats)s::text[], %(codes)s::text[])
    as r(player_id, submission_id, what, code)

-- name: confirmed
select r.at, r.player_id, p.label, coalesce(p.outcome, '') as outcome, r.submission_id, r.what, r.code
from review r join player p on p.id = r.player_id where r.session_id = %(session_id)s order by r.at, r.player_id

-- name: reviews_of
select r.id, r.player_id, p.label, r.what, r.state, r.said, r.by, r.at
from review r join player p on p.id = r.player_id where r.session_id = %(session_id)s order by r.id

-- name: review_due
-- Of a session whose token we have.
select v.session_id from review v join recruiting r on r.session_id = v.session_id
where v.state = 'asked' and v.try_at <= clock_timestamp() and (r.token is not null or r.recruiter = any(%(known)s))
    and (%(session_id)s::text is null or v.session_id = %(session_id)s)
order by v.try_at limit 1

-- name: asked
select id, session_id, submission_id, what, code, tries from review
where session_id = %(session_id)s and state = 'asked' and try_at <= clock_timestamp() order by id limit %(most)s

-- name: begin
-- Before the call: should nobody come back from it, it is asked for again.
update review set tries = tries + 1, sent_at = clock_timestamp(), try_at = clock_timestamp() + interval '1 minute'
where id = any(%(ids)s)

-- name: again
update review set said = %(said)s, try_at = clock_timestamp() + make_interval(secs => %(seconds)s) where id = any(%(ids)s)

-- name: was_refused
update review set state = 'refused', said = %(said)s where id = any(%(ids)s)

-- name: was_heard
update review set state = 'sent', said = '' where id = any(%(ids)s)

-- name: have_come
-- A standing that may still become what was asked for decides nothing.
with came as (
    select r.id, %(said)s::jsonb->>s.standing as said, s.standing in ('approved', 'partially_approved') and r.what = 'approve'
        or s.standing = 'screened_out' and r.what = 'screen_out' as is_so
    from review r join submission s using (player_id)
    where r.session_id = %(session_id)s and r.state in ('asked', 'sent') and %(said)s::jsonb ? s.standing
)
update review r set state = case when is_so then 'done' else 'refused' end, said = case when is_so then '' else came.said end
from came where r.id = came.id

-- name: have_not_come
update review set state = case when tries < %(most)s then 'asked' else 'refused' end,
    said = 'Nothing came of it in ten minutes.', try_at = clock_timestamp()
where session_id = %(session_id)s and state = 'sent' and sent_at < clock_timestamp() - interval '10 minutes'
