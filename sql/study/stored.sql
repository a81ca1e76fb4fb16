-- name: study_files
select path, body from study_file where session_id = %(id)s

-- name: fingerprint
select study_sha256 from session where id = %(id)s

-- name: add_study_files
insert into study_file (session_id, path, body)
select %(id)s, path, body from unnest(%(paths)s::text[], %(bodies)s::bytea[]) as f(path, body)

-- name: forget_study_files
delete from study_file where session_id = %(id)s

-- name: put_fingerprint
update session set study_sha256 = %(sha256)s where id = %(id)s
