-- What bots do while a step is open. A message or a move of a bot is nobody's: it has the turn in which the bot did it,
-- and of a turn comes at most one. A bot's move is no record, for those are what people said: what it says stands with it.

-- A bot at an open step, and when it is asked again.
create table bot_turn (
    room_id bigint not null,
    position integer not null, -- index into the study's plan
    slot integer not null,
    session_id text not null,
    turn integer not null default 0, -- how many it has had there
    saw bigint not null default 0, -- the last event of the room's log that it was asked about
    page text not null default '', -- what it saw then, as a digest
    rest double precision not null, -- seconds after something has changed until it is asked
    wakes_at timestamptz, -- it is asked then, whatever has changed; null: once something has
    constraint one_bot_one_place_in_its_turns primary key (room_id, position, slot)
);
create index bot_turn_session on bot_turn (session_id);

alter table message alter column player_id drop not null;
alter table message add column turn integer;
alter table message add constraint messages_are_a_players_or_a_bots check ((player_id is null) = (turn is not null)) not valid;
create unique index one_message_per_turn on message (room_id, position, slot, turn) where turn is not null;

alter table move alter column player_id drop not null;
alter table move add column turn integer;
alter table move add column step text; -- of a bot's: at which step …
alter table move add column round integer; -- … and in which of its rounds, …
alter table move add column name text; -- … which of its moves, …
alter table move add column value text; -- … what was said with it, as a record would say it, …
alter table move add column at timestamptz; -- … and when
alter table move add constraint moves_are_a_players_or_a_bots check (
    (player_id is null) = (turn is not null)
    and num_nonnulls(step, round, name, value, at) = case when turn is null then 0 else 5 end
) not valid;
create unique index one_move_per_turn on move (room_id, position, slot, turn) where turn is not null;
