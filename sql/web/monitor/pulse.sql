-- name: take
-- Every process comes by here; the first of each five seconds writes.
with old as (delete from pulse where at < now() - interval '20 minutes')
insert into pulse (session_id, at, signed_in, records, messages)
select s.id, date_bin('5 seconds', now(), '2000-01-01'),
    (select count(*) from player p where p.session_id = s.id and p.status <> 'invited'),
    coalesce(sum(l.records), 0), coalesce(sum(l.messages), 0)
from session s join log l on l.session_id = s.id
where s.status <> 'closed' group by s.id
on conflict do nothing

-- name: beats
select at, signed_in, records, messages from pulse
where session_id = %(session_id)s and at > now() - make_interval(secs => %(span)s) order by at
