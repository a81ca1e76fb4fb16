-- The one link for everybody, and who came by it.
create table door (
    session_id text primary key references session,
    made integer not null default 0, -- how many people it has made: labels count them
    places integer, -- so many come in, but for `extra`; null: as many as come
    extra numeric not null default 0, -- of the places: such a share more, as some will not finish
    constraint places_are_for_somebody check (places > 0),
    constraint extra_is_a_share check (extra between 0 and 10)
);

-- How often somebody came by it and not in, or with something missing: a row a reason, so that no flood makes it grow.
create table door_count (
    session_id text not null references session,
    why text not null,
    parameter text not null, -- of the address; empty where it is of none
    times integer not null,
    last_at timestamptz not null,
    primary key (session_id, why, parameter)
);

-- Who came by it again in a browser that did not have their cookie. No row of theirs is locked for it: whoever logs it
-- holds nothing else.
create table came_again (
    id bigint generated always as identity primary key,
    session_id text not null,
    player_id bigint not null,
    at timestamptz not null default clock_timestamp()
);
create index came_again_player on came_again (player_id, at);

alter table player
    add column door_id text, -- the first id that the link brought, or what a browser without one is known by
    add column by_door integer, -- as the how-manieth they came by it
    add constraint one_id_at_the_door_one_player unique (session_id, door_id);
-- Not valid: they hold for what is written from now on, and nothing that is there needs to be read for them.
alter table player add constraint who_has_an_id_of_the_door_came_by_it
    check (door_id is null or by_door is not null) not valid;
alter table player add constraint erased_players_have_no_id check (erased_at is null or door_id is null) not valid;
