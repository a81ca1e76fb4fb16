-- The second wave: a session that goes on from another one, and who its people were there.
alter table session
    add column from_session_id text references session,
    add column from_outcomes text[], -- how it must have ended there for whoever comes into this one
    add constraint who_goes_on_says_from_which_outcomes check ((from_session_id is null) = (from_outcomes is null)),
    add constraint no_session_goes_on_from_itself check (from_session_id <> id);

create table earlier (
    player_id bigint primary key references player,
    session_id text not null references session, -- this player's
    earlier_id bigint references player, -- who they were in the session before; null: made up, for a rehearsal
    said jsonb not null, -- what pages and hooks are told of it: app/rooms/earlier.py
    constraint nobody_goes_on_as_two unique (session_id, earlier_id),
    constraint nobody_goes_on_from_what_is_to_come check (earlier_id < player_id)
);
create index earlier_of on earlier (earlier_id);
