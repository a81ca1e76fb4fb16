-- name: put_broken
-- Whichever process noticed it first has told it.
insert into broken_page (study_sha256, file, line, reason)
select * from unnest(%(studies)s::text[], %(files)s::text[], %(lines)s::int[], %(reasons)s::text[])
on conflict do nothing

-- name: broken_pages
-- Of the study that the session runs now: what was mended since is another one.
select b.file, b.line, b.reason, b.at from broken_page b join session s on s.study_sha256 = b.study_sha256
where s.id = %(session_id)s order by b.file
