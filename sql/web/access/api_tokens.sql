-- name: make
insert into api_token (digest, account, name, scope, expires_at)
select %(digest)s, name, %(called)s, %(scope)s, now() + make_interval(days => %(days)s) from account where name = %(account)s
returning id

-- name: how_many
select count(*) from api_token where account = %(account)s

-- name: forget_old
delete from api_token where account = %(account)s and expires_at < now() - interval '30 days'

-- name: find
-- That it was used is written down once a minute, and when it is said from elsewhere.
with found as (
    select t.id, t.account, t.name, t.scope, t.used_at, t.used_from, a.observes, t.expires_at <= now() as expired
    from api_token t join account a on a.name = t.account where t.digest = %(digest)s
), used as (
    update api_token set used_at = now(), used_from = %(address)s from found
    where api_token.id = found.id and not found.expired
        and (found.used_at is null or found.used_at < now() - interval '1 minute' or found.used_from <> %(address)s)
)
select id, account, name, scope, observes, expired from found

-- name: tokens_of
select id, account, name, scope, made_at, expires_at, used_at, used_from, expires_at <= now() as expired from api_token
where %(account)s::text is null or account = %(account)s order by id desc

-- name: revoke
delete from api_token where id = %(id)s and (%(account)s::text is null or account = %(account)s) returning account, name
