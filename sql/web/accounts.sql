-- name: put_account
insert into account (name, password_hash, observes) values (%(name)s, %(password_hash)s, %(observes)s)
on conflict (name) do update set password_hash = excluded.password_hash, observes = excluded.observes

-- name: password_hash
select password_hash from account where name = %(name)s

-- name: add_login
insert into login (key_hash, account, once, expires_at)
values (%(key_hash)s, %(name)s, %(once)s, now() + make_interval(hours => %(hours)s))

-- name: find_login
select a.name, a.observes from login l join account a on a.name = l.account
where l.key_hash = %(key_hash)s and not l.once and l.expires_at > now()

-- name: use_link
delete from login where key_hash = %(key_hash)s and once and expires_at > now() returning account

-- name: log_out
delete from login where key_hash = %(key_hash)s or expires_at <= now()
