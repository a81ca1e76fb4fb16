-- name: as_they_are
-- `copied`: of a database that has copies, those alone. Whether an account has a password, and none of its passwords.
select jsonb_build_object(
    'accounts', (
        select coalesce(jsonb_agg(jsonb_build_object('name', name, 'observes', observes, 'has_password', password_hash <> '')
            order by name), '[]')
        from account where not %(copied)s or copied),
    'logins', (
        select coalesce(jsonb_agg(to_jsonb(l) - 'id' order by key_hash), '[]')
        from login l join account a on a.name = l.account where (not %(copied)s or a.copied) and l.expires_at > now()),
    'tokens', (
        select coalesce(jsonb_agg(to_jsonb(t) - 'id' order by digest), '[]')
        from api_token t join account a on a.name = t.account where not %(copied)s or a.copied))

-- name: remove_accounts
delete from account where copied
    and name not in (select name from jsonb_to_recordset(%(first)s::jsonb -> 'accounts') as one (name text))

-- name: put_accounts
-- No password opens it here: whoever logs in is at the first one.
insert into account as a (name, password_hash, observes, copied)
select name, case when has_password then 'elsewhere' else '' end, observes, true
from jsonb_to_recordset(%(first)s::jsonb -> 'accounts') as one (name text, observes boolean, has_password boolean)
on conflict (name) do update set password_hash = excluded.password_hash, observes = excluded.observes, copied = true
where (a.password_hash, a.observes, a.copied) is distinct from (excluded.password_hash, excluded.observes, true)

-- name: remove_logins
delete from login l using account a where a.name = l.account and a.copied
    and l.key_hash not in (select key_hash from jsonb_to_recordset(%(first)s::jsonb -> 'logins') as one (key_hash bytea))

-- name: put_logins
insert into login as l (key_hash, account, once, expires_at, made_at, seen_at, address, browser)
select key_hash, account, once, expires_at, made_at, seen_at, address, browser
from jsonb_populate_recordset(null::login, %(first)s::jsonb -> 'logins')
on conflict (key_hash) do update set seen_at = excluded.seen_at where l.seen_at < excluded.seen_at

-- name: remove_tokens
delete from api_token t using account a where a.name = t.account and a.copied
    and t.digest not in (select digest from jsonb_to_recordset(%(first)s::jsonb -> 'tokens') as one (digest bytea))

-- name: put_tokens
insert into api_token as t (digest, account, name, scope, made_at, expires_at, used_at, used_from)
select digest, account, name, scope, made_at, expires_at, used_at, used_from
from jsonb_populate_recordset(null::api_token, %(first)s::jsonb -> 'tokens')
on conflict (digest) do update set used_at = excluded.used_at, used_from = excluded.used_from
where t.used_at is null or t.used_at < excluded.used_at

-- name: note_used
with logins as (
    update login l set seen_at = o.seen_at
    from jsonb_populate_recordset(null::login, %(other)s::jsonb -> 'logins') o
    where o.key_hash = l.key_hash and l.seen_at < o.seen_at
)
update api_token t set used_at = o.used_at, used_from = o.used_from
from jsonb_populate_recordset(null::api_token, %(other)s::jsonb -> 'tokens') o
where o.digest = t.digest and (t.used_at is null or t.used_at < o.used_at)
