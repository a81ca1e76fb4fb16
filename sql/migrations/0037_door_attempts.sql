-- Attempts at the questions of the entry form that have a right answer: what was tried, and which of it was wrong.
create table door_attempt (
    id bigint generated always as identity primary key,
    session_id text not null,
    player_id bigint not null references player,
    nth integer not null, -- of this player, from 1
    most integer not null, -- so many the study allows
    answers jsonb not null, -- field → value, as it is stored, of the questions with a right answer
    wrong text[] not null, -- of these fields
    erased boolean not null default false, -- what was answered is gone
    at timestamptz not null default clock_timestamp(),
    constraint an_attempt_counts_once unique (player_id, nth),
    constraint no_attempt_beyond_the_most check (nth between 1 and most)
);
create index door_attempt_session on door_attempt (session_id);
