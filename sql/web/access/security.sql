-- name: write
insert into security_event (what, account, session_id, about, address, data)
values (%(what)s, %(account)s, %(session_id)s, %(about)s, %(address)s, %(data)s)

-- name: read_all
select id, at, what, account, session_id, about, address, data from security_event
where id < %(before)s and (%(session_id)s::text is null or session_id = %(session_id)s) order by id desc limit %(most)s

-- name: read_own
-- What somebody did, what was done to their account, and what happened in the sessions that are theirs.
select id, at, what, account, session_id, about, address, data from security_event
where id < %(before)s and (account = %(name)s or about = %(name)s and session_id is null or session_id = any(%(sessions)s))
    and (%(session_id)s::text is null or session_id = %(session_id)s)
order by id desc limit %(most)s
