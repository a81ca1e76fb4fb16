-- name: count
-- Counted before anything is done, so that a hundred tries at once are a hundred. Old ones go a few at a time.
with old as (
    delete from attempt where (what, source) in (
        select what, source from attempt where until < now() - interval '1 hour' limit 50 for update skip locked)
)
insert into attempt as a (what, source, count, until)
values (%(what)s, %(source)s, 1, now() + make_interval(secs => %(seconds)s))
on conflict (what, source) do update
set count = case when a.until > now() then a.count + 1 else 1 end,
    until = case when a.until > now() then a.until else excluded.until end
returning count, extract(epoch from until - now())::float as left

-- name: take_back
update attempt set count = count - 1 where what = %(what)s and source = %(source)s and count > 0

-- name: forget
delete from attempt where what = %(what)s and source = %(source)s
