-- name: put_account
insert into account (name, password_hash, observes) values (%(name)s, %(password_hash)s, %(observes)s)
on conflict (name) do update set password_hash = excluded.password_hash, observes = excluded.observes

-- name: ensure_account
insert into account (name, password_hash) values (%(name)s, '') on conflict (name) do nothing

-- name: set_password
update account set password_hash = %(password_hash)s where name = %(name)s returning name

-- name: remove_account
delete from account where name = %(name)s returning name

-- name: password_hash
select password_hash from account where name = %(name)s

-- name: list_accounts
select a.name, a.observes, a.totp_secret is not null as two_factor, a.password_hash <> '' as has_password, a.created_at, count(l.id) as logins, max(l.seen_at) as seen_at
from account a left join login l on l.account = a.name and not l.once and l.expires_at > now()
    and l.seen_at > now() - make_interval(hours => %(idle)s)
group by a.name order by a.name
