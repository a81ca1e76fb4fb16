-- What the export's queries say several times. Postgres puts each of these in their place, so they cost nothing.

-- A text that a spreadsheet would take for a formula starts with an apostrophe: see codebook.escape. The cheap test
-- of the first character spares nearly all values the two patterns.
create function escaped(text) returns text language sql immutable as $$
    select case when ascii($1) in (39, 43, 45, 61, 64) and $1 ~ '^''*[=+@-]'
            and $1 !~ '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$'
        then '''' || $1 else $1 end
$$;

create function iso(timestamptz) returns text language sql stable as $$
    select to_char($1 at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

-- Records that don't count: the value that does is the newest that came in time, or the newest if all came late.
-- Nearly all answers are given once; only those that have a second version are ranked, which spares a sort of all.
create function outdated_records(session text) returns table (id bigint) language sql stable as $$
    select ranked.id from (
        select r.id, row_number() over (
            partition by room_id, round, step, player_id, field order by late, version desc, r.id desc
        ) as rank
        from record r where r.session_id = session and (room_id, round, step, player_id, field) in (
            select room_id, round, step, player_id, field from record
            where session_id = session and version > 1
        )
    ) ranked where rank > 1
$$;
