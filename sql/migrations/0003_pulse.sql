-- How a session went in the last minutes, for the curves of the dashboard: losing it in a crash loses nothing.
create unlogged table pulse (
    session_id text not null,
    at timestamptz not null, -- a multiple of five seconds
    signed_in integer not null,
    records bigint not null,
    messages bigint not null,
    primary key (session_id, at)
);
