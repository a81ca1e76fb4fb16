-- name: keep_draft
insert into draft (player_id, form, key, typed) values (%(player_id)s, %(form)s, %(key)s, %(typed)s)
on conflict (player_id, form) do update set key = excluded.key, typed = excluded.typed

-- name: drafts_of
select form, jsonb_build_object('key', key, 'typed', typed)::text from draft where player_id = %(player_id)s
