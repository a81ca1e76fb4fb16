-- name: unsettled
select s.name, current_setting(s.name) as setting,
    format('alter role %%I set %%I = %%L', current_user, s.name, w.wanted) as statement
from unnest(%(names)s::text[], %(wanted)s::text[]) as w (name, wanted) join pg_settings s using (name)
where current_setting(s.name) <> w.wanted
    and not (s.name = 'synchronous_commit' and s.setting = 'remote_apply')
    -- Shorter is as good; 0 is none at all. Of milliseconds.
    and not case when s.unit = 'ms' then s.setting::integer between 1 and 1000 * rtrim(w.wanted, 's')::integer else false end
order by array_position(%(names)s::text[], s.name)
