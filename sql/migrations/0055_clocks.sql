-- Clocks: a number that changes by itself while a step is open. Since when it runs, as pages draw it; what it showed as a
-- move was stored; and how long a step was open when it was over, without pauses.
alter table room add column began timestamptz; -- null: its step has none
alter table move add column clock text; -- a plain number
alter table opened_step add column lasted double precision;
