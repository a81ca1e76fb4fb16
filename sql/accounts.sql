-- name: put_account
insert into account (name, password_hash) values (%(name)s, %(password_hash)s)
on conflict (name) do update set password_hash = excluded.password_hash

-- name: password_hash
select password_hash from account where name = %(name)s

-- name: add_login
insert into login (key_hash, account, once, expires_at)
values (%(key_hash)s, %(name)s, %(once)s, now() + make_interval(hours => %(hours)s))

-- name: find_login
select account from login where key_hash = %(key_hash)s and not once and expires_at > now()

-- name: use_link
delete from login where key_hash = %(key_hash)s and once and expires_at > now() returning account

-- name: log_out
delete from login where key_hash = %(key_hash)s or expires_at <= now()
