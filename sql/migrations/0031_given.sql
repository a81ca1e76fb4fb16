-- What came with a person's link, or stood in further columns of their line in the list of people: name → text, as given.
alter table player add column given jsonb not null default '{}';
-- Not valid: it holds for what is written from now on, and nothing that is there needs to be read for it.
alter table player add constraint erased_players_were_given_nothing check (erased_at is null or given = '{}') not valid;
