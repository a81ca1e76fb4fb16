-- Replacements: whoever takes the slot of somebody who left. The one before keeps it too, as the place of what they said.
alter table player add column replaced boolean not null default false;
alter table player drop constraint one_slot_one_player;
create unique index one_slot_one_player on player (room_id, slot) where not replaced;
create index player_room on player (room_id, slot);
alter table player add constraint who_was_replaced_has_left check (not replaced or status = 'left' and slot is not null);
