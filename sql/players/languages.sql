-- name: choose
-- Nothing where they have it already.
with chosen as (
    update player set language = %(language)s where id = %(player_id)s and language <> %(language)s returning id
)
insert into language_choice (player_id, language) select id, %(language)s from chosen

-- name: language_at
select language from language_choice where player_id = %(player_id)s and at <= %(at)s order by at desc limit 1
