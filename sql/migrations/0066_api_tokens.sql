-- What a program of a researcher says at /api instead of logging in. As a log-in it is a row that can be taken back, and
-- what it says is random: the row has its digest.
create table api_token (
    id bigint generated always as identity primary key,
    digest bytea not null, -- sha256
    account text not null references account on delete cascade,
    name text not null, -- what it is for, in the words of whoever made it
    scope text not null, -- `read`: nothing is changed by it; `all`: whatever the account may do
    made_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at timestamptz, -- to the minute
    constraint one_digest_one_token unique (digest),
    constraint scope_is_known check (scope in ('read', 'all'))
);
create index api_token_account on api_token (account);
