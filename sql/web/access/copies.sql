-- name: in_utc
-- Moments of two databases are compared as they are written, wherever each of them is.
set local timezone to 'UTC'

-- name: as_they_are
-- `copied`: of a database that has copies, those alone; of log-ins and tokens there all, for nobody may log in there but by
-- those. Of one that hands them out what is its own. Whether an account has a password, and none of its passwords.
select jsonb_build_object(
    'accounts', (
        select coalesce(jsonb_agg(jsonb_build_object('name', name, 'observes', observes, 'has_password', password_hash <> '',
            'created_at', created_at)
            order by name), '[]')
        from account where copied = %(copied)s),
    'logins', (
        select coalesce(jsonb_agg(to_jsonb(l) - 'id' order by key_hash), '[]')
        from login l join account a on a.name = l.account where (%(copied)s or not a.copied) and l.expires_at > now()),
    'tokens', (
        select coalesce(jsonb_agg(to_jsonb(t) - 'id' order by digest), '[]')
        from api_token t join account a on a.name = t.account where %(copied)s or not a.copied))

-- name: remove_accounts
-- Also of somebody else who has the name by now: what the one before was given is not theirs.
delete from account where copied and (name, created_at) not in (
    select name, created_at from jsonb_to_recordset(%(first)s::jsonb -> 'accounts') as one (name text, created_at timestamptz))

-- name: put_accounts
-- No password opens it here: whoever logs in is at the first one.
insert into account as a (name, password_hash, observes, created_at, copied)
select name, case when has_password then 'elsewhere' else '' end, observes, created_at, true
from jsonb_to_recordset(%(first)s::jsonb -> 'accounts') as one (name text, observes boolean, has_password boolean,
    created_at timestamptz)
on conflict (name) do update
set password_hash = excluded.password_hash, observes = excluded.observes, created_at = excluded.created_at, copied = true
where (a.password_hash, a.observes, a.created_at, a.copied)
    is distinct from (excluded.password_hash, excluded.observes, excluded.created_at, true)

-- name: remove_logins
delete from login
where key_hash not in (select key_hash from jsonb_to_recordset(%(first)s::jsonb -> 'logins') as one (key_hash bytea))

-- name: put_logins
insert into login as l (key_hash, account, once, expires_at, made_at, seen_at, address, browser)
select key_hash, account, once, expires_at, made_at, seen_at, address, browser
from jsonb_populate_recordset(null::login, %(first)s::jsonb -> 'logins')
on conflict (key_hash) do update set seen_at = excluded.seen_at where l.seen_at < excluded.seen_at

-- name: remove_tokens
delete from api_token
where digest not in (select digest from jsonb_to_recordset(%(first)s::jsonb -> 'tokens') as one (digest bytea))

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
