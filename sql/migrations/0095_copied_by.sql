-- Which transaction of the other database wrote a session's rows there: a row that it has since from another one is newer.
alter table transfer add column copied_by text;
