-- Quotas: which of the study's somebody counts in, by place in the study from 0, as they answered at the door.
alter table player add column quotas integer[] not null default '{}';
