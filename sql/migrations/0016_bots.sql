-- Bots that have a slot from the start: nobody ever sat there, so what was drawn for it stands with the slot.
alter table slot add column treatment jsonb not null default '{}';
