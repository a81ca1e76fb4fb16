-- name: secret_of
select totp_secret from account where name = %(name)s

-- name: turn_on
update account set totp_secret = %(secret)s, totp_used = %(step)s where name = %(name)s

-- name: turn_off
update account set totp_secret = null where name = %(name)s and totp_secret is not null returning name

-- name: use_step
-- Two forms with the same code at once: one of them is taken.
update account set totp_used = %(step)s where name = %(name)s and totp_used < %(step)s returning name

-- name: forget_recovery_codes
delete from recovery_code where account = %(name)s

-- name: add_recovery_codes
insert into recovery_code (account, code_hash) select %(name)s, unnest(%(hashes)s::bytea[])

-- name: use_recovery_code
delete from recovery_code where account = %(name)s and code_hash = %(code_hash)s returning account

-- name: recovery_codes_left
select count(*) from recovery_code where account = %(name)s

-- name: add_half
with old as (delete from half_login where expires_at <= now())
insert into half_login (key_hash, account, expires_at) values (%(key_hash)s, %(name)s, now() + interval '5 minutes')

-- name: try_half
update half_login set tries = tries + 1
where key_hash = %(key_hash)s and expires_at > now() and tries < %(most)s returning account

-- name: has_half
select account from half_login where key_hash = %(key_hash)s and expires_at > now() and tries < %(most)s

-- name: end_half
delete from half_login where key_hash = %(key_hash)s
