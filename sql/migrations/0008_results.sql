-- Results: what a study computed or filled in, beside the records, which are what people said.
create table result (
    session_id text not null references session,
    room_id bigint not null references room,
    position integer not null, -- index into the study's plan
    step text not null,
    round integer not null,
    slot integer not null,
    name text not null, -- a field of the step, or one of its results
    value text not null, -- as a record's
    made_by text not null, -- keep, default, bot or `hook NAME`
    at timestamptz not null default clock_timestamp(),
    primary key (room_id, position, slot, name),
    constraint results_belong_to_a_slot foreign key (room_id, slot) references slot
);

alter table room
    add column opening boolean not null default false, -- its position is decided on, and then opens
    add column asked integer[], -- the slots that are shown this step; null: all
    add column stopped jsonb, -- the hook that could not decide, and why; the room waits
    add constraint rooms_that_ended_do_not_wait check (status = 'playing' or stopped is null and not opening);

-- hooks.py as it was before a researcher mended it.
create table mended (
    session_id text not null references session,
    path text not null,
    before bytea not null,
    sha256 text not null, -- the whole study's, until then
    by text not null,
    at timestamptz not null default clock_timestamp(),
    primary key (session_id, path, at)
);
