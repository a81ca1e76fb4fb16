-- name: family
-- The session, those that go on from it, and those that it goes on from: what each knows of the others is with them.
with recursive family as (
    select id from session where id = %(id)s
    union
    select s.id from family f join session one on one.id = f.id
    join session s on s.from_session_id = one.id or s.id = one.from_session_id
)
select id from family order by id

-- name: marked
-- Those that were marked in one go, if it was.
select session_id from transfer where done_at is null
    and (cluster, began_at) = (select cluster, began_at from transfer where session_id = %(id)s and done_at is null)
order by session_id

-- name: under_way
-- The first of what can still come to something, as a sentence begins.
select why from (values
    (1, (select 'In ' || s.name || ' somebody is still in a step' from player p join session s on s.id = p.session_id
        where s.id = any(%(ids)s) and p.status in ('before', 'waiting', 'playing', 'after') limit 1)),
    (2, (select 'In ' || s.name || ' a room still plays' from room r join session s on s.id = r.session_id
        where s.id = any(%(ids)s) and r.status = 'playing' limit 1)),
    (3, (select 'The recruiter of ' || s.name || ' is being asked to pay' from payout p join session s on s.id = p.session_id
        where s.id = any(%(ids)s) and p.state in ('asked', 'paying', 'accepted') limit 1)),
    (4, (select 'The recruiter of ' || s.name || ' is being asked to approve somebody' from review r
        join session s on s.id = r.session_id where s.id = any(%(ids)s) and r.state in ('asked', 'sent') limit 1)),
    (5, (select 'Something of ' || s.name || ' is just being erased' from session s where s.id = any(%(ids)s) and (
        exists (select from erasure e where e.session_id = s.id and e.swept_at is null)
        or exists (select from player p where p.session_id = s.id and p.erase_wanted_at is not null and p.erased_at is null))
        limit 1))
) as found (nth, why) where why is not null order by nth limit 1

-- name: take_turn
select pg_advisory_lock(7021341)

-- name: lock_logs
select id from log where session_id = any(%(ids)s) order by id for update

-- name: hold
-- Until this transaction has ended, and a commit that waits for a standby has not. Whether nobody else has them.
select bool_and(pg_try_advisory_xact_lock(7021342, hashtext(id))) from unnest(%(ids)s::text[]) as one (id)

-- name: by_whom
select pg_current_xact_id()::xid::text

-- name: write
-- Something, so that its commit waits for all that was written before it.
update cluster set name = name

-- name: lock_players
select id from player where session_id = any(%(ids)s) order by id for update

-- name: lock_sessions
select id from session where id = any(%(ids)s) order by id for update

-- name: mark
-- At one moment, by which those that go together are known.
insert into transfer (session_id, cluster, by, began_at) select id, %(cluster)s, %(by)s, now() from unnest(%(ids)s::text[]) as one (id)
on conflict (session_id) do update set cluster = excluded.cluster, by = excluded.by, began_at = excluded.began_at, done_at = null,
    copied_by = null

-- name: unmark
delete from transfer where session_id = any(%(ids)s)

-- name: note_digests
update transfer set digests = %(digests)s, copied_by = %(copied_by)s where session_id = any(%(ids)s)

-- name: as_copied
select digests, copied_by from transfer where session_id = any(%(ids)s) limit 1

-- name: end
update transfer set done_at = clock_timestamp() where session_id = any(%(ids)s)

-- name: on_them
select account from session_right where session_id = any(%(ids)s)

-- name: unknown
select name from unnest(%(names)s::text[]) as one (name) where not exists (select from account a where a.name = one.name)
order by name

-- name: erasures
select id from erasure where session_id = any(%(ids)s)

-- name: leaving
select session_id from transfer where done_at is null
