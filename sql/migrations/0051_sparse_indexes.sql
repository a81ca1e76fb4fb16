-- Of most players nothing is known of these, and each change of their status would be written to indexes of nothing.
alter table player drop constraint one_id_at_the_door_one_player, drop constraint each_draws_once;
create unique index one_id_at_the_door_one_player on player (session_id, door_id) where door_id is not null;
create unique index each_draws_once on player (session_id, drawn) where drawn is not null;
drop index one_slot_one_player, player_room;
create unique index one_slot_one_player on player (room_id, slot) where room_id is not null and not replaced;
create index player_room on player (room_id, slot) where room_id is not null;
