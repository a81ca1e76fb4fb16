-- name: add_note
-- A form that comes twice says it once. Nothing is written to or by somebody who was erased: whether it stands there;
-- that waits for the lock.
with whose as materialized (select id from player where id = %(player_id)s and erased_at is null for share), told as (
    insert into note (session_id, player_id, account, body, situation, form)
    select %(session_id)s, %(player_id)s::bigint, %(account)s::text, %(body)s, %(situation)s, %(form)s
    where %(player_id)s::bigint is null or exists (select from whose)
    on conflict (session_id, form) do nothing
)
select %(player_id)s::bigint is null or exists (select from whose)

-- name: write_to_room
-- To each who plays there, and is not erased; says how many these are.
with whose as materialized (
    select id, session_id from player
    where room_id = %(room_id)s and status = 'playing' and erased_at is null order by id for share
), told as (
    insert into note (session_id, player_id, account, body, situation, form)
    select session_id, id, %(account)s, %(body)s, %(situation)s, %(form)s || ':' || id from whose order by id
    on conflict (session_id, form) do nothing
)
select count(*)::integer from whose

-- name: written_to_room
-- These words, to so many, by that form.
select count(*)::integer from note
where session_id = %(session_id)s and account is not null and body = %(body)s and starts_with(form, %(form)s || ':')

-- name: lock_asker
-- Two processes count one after the other.
select from player where id = %(player_id)s for no key update

-- name: asked_lately
-- Seconds until one more may ask for help; null: now. The same form again is no other question.
select extract(epoch from n.at + %(within)s::interval - clock_timestamp())::float
from note n
where n.session_id = %(session_id)s and n.player_id = %(player_id)s and n.account is null
    and n.at > clock_timestamp() - %(within)s::interval
    and not exists (select from note where session_id = %(session_id)s and form = %(form)s)
order by n.id desc offset %(most)s - 1 limit 1

-- name: notices
-- What one player has asked and been told, oldest first; and what everybody is told now.
select id, player_id, account, body, situation, at from note
where session_id = %(session_id)s and (player_id = %(player_id)s and not erased or id = (
    select max(id) from note where session_id = %(session_id)s and player_id is null
))
order by id

-- name: banner
-- The newest for everybody; empty, if it was taken down.
select body from note where session_id = %(session_id)s and player_id is null order by id desc limit 1

-- name: open_questions
-- Who asked for help and has had no word since, longest first. What went to a whole room answers nobody.
select p.id as player_id, p.label, n.body, n.situation, n.at
from note n join player p on p.id = n.player_id
where n.session_id = %(session_id)s and n.account is null and not n.erased and not exists (
    select from note later where later.session_id = n.session_id and later.player_id = n.player_id and later.id > n.id
        and (later.account is null or later.situation = '')
)
order by n.id
