-- Each player's own seed, from which the order of what they are shown is drawn: of no use to find out who they are.
alter table player add column seed bigint not null default floor(random() * 9007199254740992);
