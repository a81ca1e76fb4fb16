-- A log-in knows where it was made and when it was last used; tries are counted where all processes see them.
alter table login
    add column id bigint generated always as identity,
    add column made_at timestamptz not null default now(),
    add column seen_at timestamptz not null default now(),
    add column address text not null default '',
    add column browser text not null default '',
    add constraint one_number_per_login unique (id);
create index login_account on login (account);

-- Losing it in a crash lets somebody guess again for a minute.
create unlogged table attempt (
    what text not null, -- which limit
    source bytea not null, -- a digest of who is held to it: as long for a name of a hundred pages as for any other
    count integer not null,
    until timestamptz not null, -- then it begins at 0 again
    primary key (what, source)
);
create index attempt_until on attempt (until);
