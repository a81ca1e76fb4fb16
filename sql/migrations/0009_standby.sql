-- Standby: who can't be seated any more waits, paid, to take the place of somebody who leaves.
alter table player add column standby_until timestamptz; -- they wait so long at most; a pause moves it
