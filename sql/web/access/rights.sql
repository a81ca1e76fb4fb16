-- name: right_on
select role, takes_files from session_access where session_id = %(id)s and account = %(name)s

-- name: rights_of
select session_id as id, role, takes_files from session_access where account = %(name)s

-- name: lock_session
-- Who is an owner is decided by one at a time.
select restricted from session where id = %(id)s for no key update

-- name: given_on
select r.account, r.role::text as role, r.takes_files, r.given_by, r.given_at, a.observes
from session_right r join account a on a.name = r.account where r.session_id = %(id)s
order by r.role, r.account

-- name: give
insert into session_right (session_id, account, role, takes_files, given_by)
values (%(id)s, %(name)s, %(role)s, %(files)s, %(by)s)
on conflict (session_id, account) do update
set role = excluded.role, takes_files = excluded.takes_files, given_by = excluded.given_by, given_at = now()

-- name: give_as_on
with other as (
    select id from session where id = %(other_id)s and restricted
), given as (
    insert into session_right (session_id, account, role, takes_files, given_by)
    select %(session_id)s, r.account, r.role, r.takes_files, %(by)s from session_right r join other on other.id = r.session_id
)
update session set restricted = true from other where session.id = %(session_id)s returning session.id

-- name: everybodys_later
select id, name from session where from_session_id = %(session_id)s and not restricted order by opened_at, id

-- name: take
delete from session_right where session_id = %(id)s and account = %(name)s returning account

-- name: take_all
delete from session_right where session_id = %(id)s

-- name: restrict
update session set restricted = %(restricted)s where id = %(id)s and restricted <> %(restricted)s

-- name: owned_by_nobody
select s.id from session s where s.restricted and not exists (
    select from session_right r join account a on a.name = r.account
    where r.session_id = s.id and r.role = 'owner' and not a.observes)
order by s.opened_at, s.id
