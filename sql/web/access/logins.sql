-- name: add_login
insert into login (key_hash, account, once, expires_at, address, browser)
values (%(key_hash)s, %(name)s, %(once)s, now() + make_interval(hours => %(hours)s), %(address)s, %(browser)s)

-- name: find_login
-- That it was used is written down once a minute.
with found as (
    select l.key_hash, l.id, l.account, a.observes, l.seen_at from login l join account a on a.name = l.account
    where l.key_hash = %(key_hash)s and not l.once and l.expires_at > now()
        and l.seen_at > now() - make_interval(hours => %(idle)s)
), used as (
    update login set seen_at = now() from found
    where login.key_hash = found.key_hash and found.seen_at < now() - interval '1 minute'
)
select id as login_id, account as name, observes from found

-- name: use_link
delete from login where key_hash = %(key_hash)s and once and expires_at > now() returning account

-- name: end_login
-- Those that ended by themselves go, too.
with old as (delete from login where expires_at <= now())
delete from login where key_hash = %(key_hash)s and expires_at > now() returning account

-- name: end_one
delete from login where id = %(id)s and account = %(name)s and not once returning id

-- name: end_others
delete from login where account = %(name)s and id <> %(id)s

-- name: logins_of
select id, made_at, seen_at, address, browser, expires_at from login
where account = %(name)s and not once and expires_at > now() and seen_at > now() - make_interval(hours => %(idle)s)
order by seen_at desc, id desc

-- name: still_open
-- Pages, each of a log-in and a session; that one is open counts as use.
with open as (
    select l.key_hash, l.seen_at, page.id, page.session_id
    from unnest(%(ids)s::bigint[], %(sessions)s::text[]) as page (id, session_id)
    join login l on l.id = page.id and l.expires_at > now() and l.seen_at > now() - make_interval(hours => %(idle)s)
    join session_access a on a.account = l.account and a.session_id = page.session_id
), used as (
    update login set seen_at = now() from open
    where login.key_hash = open.key_hash and open.seen_at < now() - interval '1 minute'
)
select id, session_id from open
