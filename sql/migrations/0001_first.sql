-- The tables. Constraints are named as sentences: app code translates them by name.

create type session_status as enum (
    'open',     -- people sign in and wait; `start` → running
    'running',  -- rooms form and play; `pause` → paused, `close` → closed
    'paused',   -- everything stands still; `resume` → running
    'closed'    -- nobody comes in any more
);
create type player_status as enum (
    'invited',  -- has a token; sign-in → waiting
    'waiting',  -- in the lobby; seating → playing, time-out or leaving → left
    'playing',  -- has a slot; the room's end → finished, leaving → left
    'finished', -- has a code
    'left'      -- has a code
);
create type room_status as enum (
    'playing',  -- the last step's end or `close` → ended
    'ended'
);

create table secret (
    only_row boolean primary key default true constraint one_secret check (only_row),
    key bytea not null -- signs cookies and form keys, the same for every process
);

create table session (
    id text primary key,
    name text not null,
    seed bigint not null,
    study_sha256 text not null,
    status session_status not null default 'open',
    opened_at timestamptz not null default now(),
    started_at timestamptz,
    paused_at timestamptz,
    closed_at timestamptz,
    constraint paused_sessions_know_since_when check ((status = 'paused') = (paused_at is not null)),
    constraint closed_sessions_know_since_when check ((status = 'closed') = (closed_at is not null))
);

create table study_file (
    session_id text not null references session,
    path text not null,
    body bytea not null,
    primary key (session_id, path)
);

create table lobby (
    session_id text primary key references session,
    due_at timestamptz -- when seating must look again though nobody arrived: a fallback opens, a wait ends
);
create index lobby_due on lobby (due_at) where due_at is not null;

create table room (
    id bigint generated always as identity primary key,
    session_id text not null references session,
    kind text not null,
    number integer not null,
    name text not null generated always as (kind || '-' || number::text) stored,
    status room_status not null default 'playing',
    reason text not null, -- why it opened
    seed bigint not null,
    position integer not null default 0, -- index into the study's plan of steps and rounds
    step text not null,
    round integer not null,
    ends_when_answered boolean not null, -- else the step lasts until its deadline
    deadline timestamptz not null,
    opened_at timestamptz not null default now(),
    ended_at timestamptz,
    outcome text, -- how it ended: a key of the study's codes
    constraint rooms_of_a_kind_are_numbered_once unique (session_id, kind, number),
    constraint ended_rooms_know_when_and_how
        check ((status = 'ended') = (ended_at is not null) and (status = 'ended') = (outcome is not null))
);
create index room_deadline on room (deadline) where status = 'playing';

create table slot (
    session_id text not null references session,
    room_id bigint not null references room,
    slot integer not null,
    type text not null, -- the type it asks for, or 'any'
    alias text not null, -- what the others in the room call whoever sits here
    primary key (room_id, slot)
);

create table tie (
    session_id text not null references session,
    room_id bigint not null,
    round integer not null, -- holds from this round on, until a later round has ties of its own
    from_slot integer not null, -- sees …
    to_slot integer not null,   -- … this one
    weight double precision not null default 1,
    primary key (room_id, round, from_slot, to_slot),
    constraint ties_join_two_slots check (from_slot <> to_slot),
    constraint ties_start_at_a_slot foreign key (room_id, from_slot) references slot,
    constraint ties_end_at_a_slot foreign key (room_id, to_slot) references slot
);

create table player (
    id bigint generated always as identity primary key,
    session_id text not null references session,
    label text not null,
    type text not null,
    token_hash bytea not null, -- sha256; the token itself is never stored
    status player_status not null default 'invited',
    entry jsonb not null default '{}',
    room_id bigint,
    slot integer,
    signed_in_at timestamptz,
    waiting_since timestamptz, -- signed_in_at plus the pauses since
    arrival_logged boolean not null default false,
    seated_at timestamptz,
    finished_at timestamptz,
    outcome text, -- how it ended: a key of the study's codes
    code text,
    constraint one_token_one_player unique (session_id, token_hash),
    constraint one_label_one_player unique (session_id, label),
    constraint one_slot_one_player unique (room_id, slot),
    constraint players_sit_in_slots_that_exist foreign key (room_id, slot) references slot,
    constraint room_and_slot_go_together check ((room_id is null) = (slot is null)),
    constraint who_waits_has_no_slot check (status not in ('invited', 'waiting') or slot is null),
    constraint who_plays_has_a_slot check (status not in ('playing', 'finished') or slot is not null),
    constraint who_is_in_has_signed_in check ((status = 'invited') = (signed_in_at is null)),
    constraint who_is_out_has_a_code
        check ((status in ('finished', 'left')) = (code is not null and finished_at is not null))
);
create index player_token on player (token_hash);
create index player_status on player (session_id, status);

create table record (
    id bigint generated always as identity primary key,
    session_id text not null,
    player_id bigint not null,
    room_id bigint not null,
    step text not null,
    round integer not null,
    field text not null,
    value text not null,
    version integer not null,
    late boolean not null,
    form uuid not null, -- the submitted form: its key and what it said
    at timestamptz not null default clock_timestamp(),
    constraint one_record_per_form_field unique (form, field),
    constraint versions_count_up unique (room_id, round, step, player_id, field, version)
);

create table message (
    id bigint generated always as identity primary key,
    session_id text not null,
    room_id bigint not null,
    player_id bigint not null,
    slot integer not null,
    to_slot integer, -- null: whoever is tied to the sender, or the room, as the step says
    step text not null,
    round integer not null,
    body text not null,
    form uuid not null,
    at timestamptz not null default clock_timestamp(),
    constraint one_message_per_form unique (form)
);
create index message_room on message (room_id, id);

create table log (
    id bigint generated always as identity primary key,
    session_id text not null references session,
    room_id bigint references room, -- null: the session's own log
    last_seq bigint not null default 0,
    records bigint not null default 0, -- acknowledged, counted as they are logged
    messages bigint not null default 0,
    constraint one_log_each unique nulls not distinct (session_id, room_id)
);
create index log_room on log (room_id);

create table event (
    log_id bigint not null,
    seq bigint not null, -- 1, 2, 3 … within its log, in commit order
    session_id text not null,
    name text not null,
    player_id bigint,
    data jsonb not null,
    at timestamptz not null default clock_timestamp(),
    primary key (log_id, seq)
);

create table account (
    name text primary key,
    password_hash text not null, -- argon2
    created_at timestamptz not null default now()
);

create table login (
    key_hash bytea primary key, -- sha256 of the cookie, or of a link that logs in once
    account text not null references account on delete cascade,
    once boolean not null default false,
    expires_at timestamptz not null
);

-- One row a server process, rewritten each second: losing it in a crash loses nothing.
create unlogged table process (
    id text primary key,
    seen_at timestamptz not null,
    figures jsonb not null
);
