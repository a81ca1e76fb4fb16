-- name: be_named
-- What it is called from now on, from what it numbers, which stays as it was first given, and which of all of them is the
-- first. That is not said anew where accounts hang on it: its own where it was the first, else the copies that it has of
-- another's; what was named before it knew, by whether it has any.
insert into cluster as c (name, numbers_from, first) values (%(name)s, %(numbers_from)s, %(first)s)
on conflict (one) do update set
    numbers_from = coalesce(c.numbers_from, excluded.numbers_from),
    first = case
        when c.first is null and (excluded.first <> c.name or not exists (select from account where copied))
            or c.first = c.name and not exists (select from account where not copied)
            or c.first <> c.name and not exists (select from account where copied) then excluded.first
        else c.first end
where c.name = excluded.name and (c.numbers_from is null or c.first is distinct from excluded.first)

-- name: named
select name, first, numbers_from from cluster

-- name: number_apart
-- Whatever counts in it goes on behind its first number, a table's that came later, too. What was numbered before stays.
select setval(format('%%I.%%I', schemaname, sequencename)::regclass, %(numbers_from)s)
from pg_sequences where schemaname = 'public' and coalesce(last_value, 0) < %(numbers_from)s

-- name: knows
-- Whether it can have been told which is the first.
select exists (select from information_schema.columns
    where table_schema = current_schema() and table_name = 'cluster' and column_name = 'first')

-- name: elsewhere
-- Which is the first by what hangs on it here, if that is not this one; nothing where nothing does.
select name, first, numbers_from from cluster
where first <> %(first)s and exists (select from account where copied = (cluster.first <> cluster.name))

-- name: where_are
-- Of each of these sessions: whether its rows are here, and in which database it is to be found, or may be, where it was moved
-- to one.
select id, session.id is not null, transfer.cluster
from unnest(%(ids)s::text[]) asked (id)
left join session using (id)
left join transfer on transfer.session_id = asked.id

-- name: moved
-- Whether a transfer has been begun, ended or given up since `state` was that; if so, all that were moved from here, or are being
-- moved, in one value. Asked again and again by each process: the rest is not read where nothing is new.
select state, case when state <> %(state)s then (
    select coalesce(jsonb_agg(jsonb_build_array(session_id, cluster, done_at is not null) order by session_id), '[]') from transfer
) end from (
    select concat_ws(' ', count(*), count(done_at), extract(epoch from max(began_at)), extract(epoch from max(done_at))) from transfer
) now (state)
