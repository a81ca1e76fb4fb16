-- Who is on a session. Without a word on that, everybody with an account is, as before.
create type session_role as enum (
    'owner',     -- everything, and who else is on it
    'colleague', -- runs it: changes things, takes files away
    'observer'   -- watches
);
alter table session add column restricted boolean not null default false; -- to whom session_right names
create table session_right (
    session_id text not null references session,
    account text not null references account on delete cascade,
    role session_role not null,
    takes_files boolean not null default false, -- the export and the payments, too: an observer who is allowed to
    given_by text not null,
    given_at timestamptz not null default now(),
    primary key (session_id, account),
    constraint owners_and_colleagues_take_files_anyway check (role = 'observer' or not takes_files)
);
create index session_right_account on session_right (account);

-- The rule, once: who may see which session, and as what. An account that only watches never does more.
create view session_access as
select s.id as session_id, a.name as account,
    case when a.observes then 'observer' when s.restricted then r.role::text else 'owner' end as role,
    coalesce(r.takes_files, false) as takes_files
from session s cross join account a left join session_right r on r.session_id = s.id and r.account = a.name
where not s.restricted or r.role is not null;
