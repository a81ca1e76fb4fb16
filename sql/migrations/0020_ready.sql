-- Rooms that come together: who is to sit in one is asked whether they are there, and has some seconds to say so.
alter table player add column queued_at timestamptz; -- in the queue of the lobby since then; null: since they came
create table gathering (
    id bigint generated always as identity primary key,
    session_id text not null references session,
    kind text not null,
    number integer not null, -- that it was to have; others may have opened since
    reason text not null,
    bots text[] not null default '{}', -- what the seats ask for that bots take
    deadline timestamptz not null
);
create index gathering_session on gathering (session_id);
create table asked (
    player_id bigint primary key references player, -- nobody is asked for two rooms at once
    gathering_id bigint not null references gathering,
    seat text not null, -- the type that it asks for
    ready_at timestamptz -- said so
);
create index asked_gathering on asked (gathering_id);
-- Since when processes have listened for signs of life, and until when they have all passed on what they heard.
create view listening as
    select max(heard_since) as since, min(heard_until) as until from process
    where seen_at > now() - interval '4 seconds';
