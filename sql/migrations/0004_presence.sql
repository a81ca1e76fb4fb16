-- Which pages were connected when, and what was acknowledged: telemetry, which a crash of Postgres may take along.
create unlogged table presence (
    player_id bigint not null,
    session_id text not null,
    process text not null,
    since timestamptz not null,
    until timestamptz, -- null: still, as long as the process lives
    primary key (player_id, process, since)
);
create index presence_now on presence (session_id, player_id) where until is null;

create view connected as
    select distinct p.session_id, p.player_id from presence p join process on process.id = p.process
    where p.until is null and process.seen_at > now() - interval '4 seconds';

create unlogged table visit (
    player_id bigint primary key,
    session_id text not null,
    opened_at timestamptz not null -- when the link was first opened
);
create index visit_session on visit (session_id);

create unlogged table acknowledged (
    session_id text not null,
    process text not null,
    began timestamptz not null, -- a number of a process may come again
    records bigint not null, -- for which it has handed out receipts
    primary key (session_id, process, began)
);

-- The last letters of a token that is long enough to lose them: people name their link by its end.
alter table player add column token_end text not null default '';
