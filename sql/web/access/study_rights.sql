-- name: right_on
select role from study_access where study_id = %(id)s and account = %(name)s

-- name: rights_of
select study_id as id, role from study_access where account = %(name)s

-- name: lock_study
-- Who is an owner is decided by one at a time.
select restricted from kept_study where id = %(id)s for no key update

-- name: given_on
select r.account, a.observes, r.role, r.given_by, r.given_at from study_right r join account a on a.name = r.account
where r.study_id = %(id)s order by r.role = 'owner' desc, r.account

-- name: give
insert into study_right (study_id, account, role, given_by) values (%(id)s, %(name)s, %(role)s, %(by)s)
on conflict (study_id, account) do update set role = excluded.role, given_by = excluded.given_by, given_at = now()

-- name: take
delete from study_right where study_id = %(id)s and account = %(name)s returning account

-- name: take_colleagues
delete from study_right where study_id = %(id)s and role <> 'owner'

-- name: restrict
update kept_study set restricted = %(restricted)s where id = %(id)s and restricted <> %(restricted)s

-- name: all_given
select k.id as study_id, k.restricted,
    coalesce(array_agg(r.account order by r.account) filter (where r.role = 'owner'), '{}') as owners,
    coalesce(array_agg(r.account order by r.account) filter (where r.role = 'colleague'), '{}') as colleagues
from kept_study k left join (
    study_right r join account a on a.name = r.account and not a.observes
) on r.study_id = k.id group by k.id order by k.id

-- name: owned_by_nobody
select k.id from kept_study k where not exists (
    select from study_right r join account a on a.name = r.account
    where r.study_id = k.id and r.role = 'owner' and not a.observes)
order by k.id
