-- Of several databases each numbers its players, rooms, records … from a first number of its own, so that a session can be
-- moved into another one with the numbers that it has. Null where it was named before it had one.
alter table cluster add column numbers_from bigint;
