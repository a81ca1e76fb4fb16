-- Seating by a study's hook: why it stopped, and since when nobody is seated.
alter table lobby add column stopped jsonb;
