-- Erasure: what is personal goes, and who had it go, when and why stays.
create table erasure (
    id bigint generated always as identity primary key,
    session_id text not null references session,
    player_id bigint, -- whose data; null: everybody's in the session
    by text not null, -- the account, `command line`, or `the player`
    why text not null,
    answers text not null, -- which of the answers went: none, text or all
    people integer not null, -- who had not been erased before
    records integer not null, -- values that went; the rows stay, and so do their numbers
    messages integer not null,
    notes integer not null,
    results integer not null,
    receipts integer not null, -- that can't be computed again from now on
    broken integer not null, -- how many of these were not what was stored, until then
    at timestamptz not null default clock_timestamp(),
    swept_at timestamptz, -- when the tables were vacuumed since, so that Postgres gives nobody the rows as they were
    constraint erasures_are_of_some_answers check (answers in ('none', 'text', 'all'))
);
create index erasure_session on erasure (session_id, id);
create index erasure_unswept on erasure (id) where swept_at is null;

alter table player
    add column erased_at timestamptz, -- nothing personal of them is here since then, and nobody can be them any more
    add column erase_wanted_at timestamptz; -- they asked for it; it is done as soon as their room has ended
create index player_erase_wanted on player (id) where erase_wanted_at is not null;
alter table record add column erased boolean not null default false;
alter table message add column erased boolean not null default false;
alter table note add column erased boolean not null default false;
alter table result add column erased boolean not null default false;

-- Not valid: they hold for what is written from now on, and nothing that is there needs to be read for them.
alter table player add constraint erased_players_are_out_and_said_nothing
    check (erased_at is null or status in ('invited', 'finished', 'left') and entry = '{}' and token_end = '') not valid;
alter table record add constraint erased_records_say_nothing check (not erased or value = '') not valid;
alter table message add constraint erased_messages_say_nothing check (not erased or body = '') not valid;
alter table note add constraint erased_notes_say_nothing check (not erased or body = '') not valid;
alter table result add constraint erased_results_say_nothing check (not erased or value = '') not valid;

-- Which answers an erasure takes: none, those to questions of text (named by step and field), or all.
create function goes(step text, field text, answers text, steps text[], fields text[]) returns boolean
    language sql immutable as $$
    select case answers when 'all' then true when 'text' then exists (
        select from unnest(steps, fields) as q(step, field) where (q.step, q.field) = (goes.step, goes.field)
    ) else false end
$$;
