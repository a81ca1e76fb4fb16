-- Who is on a kept study. Whoever uploaded it owns it; without a word on it all who may open sessions are its colleagues.
alter table kept_study add column restricted boolean not null default false; -- to whom study_right names
create table study_right (
    study_id text not null references kept_study on delete cascade,
    account text not null references account on delete cascade,
    role text not null,
    given_by text not null,
    given_at timestamptz not null default now(),
    primary key (study_id, account),
    constraint role_is_known check (role in ('owner', 'colleague'))
);
create index study_right_account on study_right (account);
insert into study_right (study_id, account, role, given_by, given_at)
select k.id, a.name, 'owner', k.made_by, k.made_at from kept_study k join account a on a.name = k.made_by;

-- The rule, once: who may see which study, and as what. An account that only watches sees none.
create view study_access as
select k.id as study_id, a.name as account, coalesce(r.role, 'colleague') as role
from kept_study k cross join account a left join study_right r on r.study_id = k.id and r.account = a.name
where not a.observes and (not k.restricted or r.role is not null);
