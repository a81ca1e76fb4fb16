-- name: add_content
-- Nothing where it is there already, or another transaction has just brought it.
insert into own_content (sha256, size) values (%(sha256)s, %(size)s) on conflict do nothing returning 1

-- name: add_piece
insert into own_piece (sha256, number, body) values (%(sha256)s, %(number)s, %(body)s)

-- name: missing_contents
select sha256 from unnest(%(sha256s)s::text[]) as f(sha256)
where not exists (select from own_content c where c.sha256 = f.sha256)

-- name: add_own_files
insert into own_file (files_sha256, path, sha256)
select %(files)s, path, sha256 from unnest(%(paths)s::text[], %(sha256s)s::text[]) as f(path, sha256)
on conflict do nothing

-- name: own_file
select f.path, c.sha256, c.size from own_file f join own_content c using (sha256)
where f.files_sha256 = %(files)s and f.path = %(path)s

-- name: piece
select body from own_piece where sha256 = %(sha256)s and number = %(number)s
