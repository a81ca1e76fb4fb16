-- Moves: what players do while a step is open, and what came of each. What was done is a record like any other; here is
-- which came when within its room, and what the study made of it.
create table move (
    record_id bigint primary key,
    session_id text not null,
    room_id bigint not null,
    position integer not null, -- index into the study's plan
    player_id bigint not null,
    slot integer not null,
    since double precision not null, -- seconds since the step opened, without those for which it stood still
    nth integer, -- as the how-manieth of its room and position it was handled, from 1; null: not handled yet
    accepted boolean,
    sentence text, -- what its player was told, where it was refused; empty: that it came too late
    state jsonb, -- what the study keeps from then on; null: as before
    results jsonb, -- name → slot → value
    ends boolean, -- the step is over with it
    handled_at timestamptz,
    constraint moves_are_handled_one_after_the_other unique (room_id, position, nth),
    constraint handled_moves_know_what_came_of_them check (
        (nth is null) = (handled_at is null) and (nth is null) = (accepted is null)
        and (nth is null) = (sentence is null) and (nth is null) = (ends is null)
    ),
    constraint refused_moves_change_nothing check (accepted or state is null and results is null and ends is not true)
);
create index move_waits on move (room_id, record_id) where nth is null;
create index move_ends on move (room_id, position) where ends;

alter table result add column version integer not null default 1; -- how often it was given another value, and 1
alter table opened_step add column stood_still interval not null default '0'; -- since it opened
