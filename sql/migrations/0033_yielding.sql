-- Whose page has agreed that their place may be taken from another browser, and until when.
create table yielding (
    player_id bigint primary key,
    session_id text not null,
    until timestamptz not null
);
