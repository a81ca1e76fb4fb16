-- A second factor, where somebody wants one, and what it takes to log in with it.
alter table account
    add column totp_secret text, -- null: the password is enough
    add column totp_used bigint not null default 0; -- the half minute of the newest code that was taken: none is taken twice
create table recovery_code (
    account text not null references account on delete cascade,
    code_hash bytea not null, -- sha256
    primary key (account, code_hash)
);
-- The password was right, the code is still to come. A table of its own: what stands here is no log-in, whoever reads it.
create table half_login (
    key_hash bytea primary key, -- sha256 of the cookie
    account text not null references account on delete cascade,
    tries integer not null default 0,
    expires_at timestamptz not null
);
