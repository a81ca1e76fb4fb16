-- name: study_files
select path, body from study_file where session_id = %(id)s

-- name: fingerprint
select study_sha256 from session where id = %(id)s
