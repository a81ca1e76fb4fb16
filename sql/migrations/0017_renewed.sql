-- Cookies say since when they are good. A database that comes from the version before has given some that do not:
-- these are good for a while from now on. One that begins with this version has no secret yet, and never such cookies.
alter table secret add column renewed_at timestamptz;
update secret set renewed_at = now();
