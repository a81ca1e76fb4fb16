-- By how much a researcher has moved the deadline of an open step: where it moves with each move, it is the last one that
-- moves, too.
alter table opened_step add column extended interval not null default '0';
