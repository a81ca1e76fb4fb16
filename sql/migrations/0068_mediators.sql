-- A mediator: a study's function that answers in a channel. What it writes is nobody's, as a bot's is, and comes from no
-- slot (0). Its turns stand in bot_turn, in place of a slot 0 for a step's first channel, -1 for its second, and so on;
-- there `saw` is the last message that it was asked about.
alter table message add constraint only_a_mediator_writes_from_no_slot
    check (slot > 0 or slot = 0 and player_id is null and channel is not null) not valid;
drop index one_message_per_turn;
create unique index one_message_per_turn on message (room_id, position, slot, turn) where turn is not null and slot > 0;
create unique index one_line_per_turn on message (room_id, position, channel, turn) where slot = 0;
