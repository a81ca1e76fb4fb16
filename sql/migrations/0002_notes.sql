-- Notes: words between researchers and players, beside the talk of the rooms. And accounts that only watch.

create table note (
    id bigint generated always as identity primary key,
    session_id text not null references session,
    player_id bigint, -- whose it is; null: for everybody
    account text, -- the researcher who wrote it; null: the player asks for help
    body text not null, -- empty, for everybody: what stood there is taken down
    situation text not null default '', -- where the player was when they asked
    form text not null, -- the rendered form that it came from
    at timestamptz not null default clock_timestamp(),
    constraint one_note_per_form unique (session_id, form),
    constraint who_asks_is_a_player check (account is not null or player_id is not null)
);
create index note_player on note (session_id, player_id, id);

alter table account add column observes boolean not null default false; -- sees everything, changes nothing
