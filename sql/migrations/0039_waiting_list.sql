-- Who waits in line before a door that is full: since when, and until when a place must have come back. They are still
-- invited, and who was in line once keeps both.
alter table player
    add column in_line_since timestamptz,
    add column in_line_until timestamptz,
    add column door_digest bytea, -- of the id by which somebody came who was erased: they are known again, and it is not kept
    add constraint a_line_has_an_end check ((in_line_since is null) = (in_line_until is null)) not valid,
    add constraint only_erased_players_have_a_digest check (door_digest is null or erased_at is not null) not valid;
create index player_in_line on player (session_id) where in_line_until is not null;
create index player_door_digest on player (session_id) where door_digest is not null;

-- What people's links have brought, by name: each becomes a column, so there is an end to how many are kept.
alter table door add column names text[] not null default '{}';

-- How many new people came from one address within a while; the address is not kept.
create table door_source (
    session_id text not null references session,
    source bytea not null,
    made integer not null,
    until timestamptz not null,
    primary key (session_id, source)
);
