-- The number of a part that somebody does alone, within its session: its player's where that is one of a database that
-- is alone, and else the last nine digits of it, above all of those.
create function number_alone(player bigint) returns integer language sql immutable as $$
    select case when player < 1000000000 then player else 1000000000 + player % 1000000000 end::integer
$$;
