-- Which of several databases this one is, by the name that DATABASE_URLS gives it; nothing where there is one.
create table cluster (
    name text not null,
    one boolean primary key default true,
    constraint one_name_of_this_database check (one)
);
-- Accounts live in the first of several; the others have copies of them, and maybe some of their own from before.
alter table account add column copied boolean not null default false;
