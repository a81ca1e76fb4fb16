-- When a researcher has moved an open step on, in seconds since it opened, without pauses: where the deadline moves with
-- each move, none that is yet to be handled puts it off beyond that.
alter table opened_step add column moved_on double precision;
