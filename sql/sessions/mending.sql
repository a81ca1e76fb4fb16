-- name: keep_before
insert into mended (session_id, path, before, sha256, by)
select s.id, f.path, f.body, s.study_sha256, %(by)s
from session s join study_file f on f.session_id = s.id and f.path = %(path)s where s.id = %(session_id)s
