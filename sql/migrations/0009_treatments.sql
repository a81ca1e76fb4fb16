-- Treatments: the level of each of the study's factors, drawn as a room opens; empty where the study has none.
alter table room add column treatment jsonb not null default '{}'; -- factor → level, of those drawn for rooms
alter table player add column treatment jsonb not null default '{}'; -- … of all: the room's, and those drawn for players
