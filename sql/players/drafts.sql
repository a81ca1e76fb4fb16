-- name: keep_draft
-- Of who is in, and has not passed the step that it was typed at: what comes late belongs to nothing any more.
insert into draft (player_id, form, key, typed)
select p.id, %(form)s, %(key)s, %(typed)s from player p left join room r on r.player_id = p.id and r.during = p.status or r.id = p.room_id and p.status = 'playing'
where p.id = %(player_id)s and p.status in ('before', 'waiting', 'playing', 'after') and coalesce(r.position <= %(position)s, true)
on conflict (player_id, form) do update set key = excluded.key, typed = excluded.typed

-- name: drafts_of
select form, jsonb_build_object('key', key, 'typed', typed)::text from draft where player_id = %(player_id)s
