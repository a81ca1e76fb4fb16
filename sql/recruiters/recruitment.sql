-- name: recruitment_of
select session_id, recruiter, study_id, token, study, standings, not_here, looked_at, look_at, failures, problem
from recruiting where session_id = %(session_id)s

-- name: newest_recruitments
select session_id, recruiter, study_id, token, study, standings, not_here, looked_at, look_at, failures, problem
from recruiting r where look_at is not null
    and not exists (select from transfer t where t.session_id = r.session_id and t.done_at is null)
order by session_id limit 20

-- name: is_paid_by_another
-- Or may be yet: by bonuses on their way, or by what a researcher said of some that were left out.
select exists (
    select from payout p join bonus b on b.payout_id = p.id
    where p.session_id = %(session_id)s and p.study_id <> %(study_id)s
        and (b.state <> 'unpaid' or exists (select from paid_elsewhere e where e.player_id = b.player_id)))

-- name: connect_with
insert into recruiting as r (session_id, recruiter, study_id, token)
values (%(session_id)s, %(recruiter)s, %(study_id)s, %(token)s)
on conflict (session_id) do update set recruiter = excluded.recruiter, study_id = excluded.study_id,
    token = coalesce(excluded.token, r.token), look_at = clock_timestamp(), failures = 0, problem = '',
    study = case when r.study_id = excluded.study_id then r.study end

-- name: came_by
select given->>'STUDY_ID' from player where session_id = %(session_id)s and given ? 'STUDY_ID'
group by 1 order by count(*) desc, 1 limit 1

-- name: forget
update recruiting set token = null, look_at = null, problem = '' where session_id = %(session_id)s

-- name: look_soon
update recruiting set look_at = clock_timestamp(), failures = 0 where session_id = %(session_id)s

-- name: put_study
update recruiting set study = %(study)s where session_id = %(session_id)s

-- name: put_problem
update recruiting set problem = %(problem)s, failures = failures + 1,
    look_at = clock_timestamp() + least(interval '30 minutes', interval '1 minute' * power(2, least(failures, 8)))
where session_id = %(session_id)s
