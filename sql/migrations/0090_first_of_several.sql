-- Of several databases the one where accounts live, as this one was told; null: it was named before there was this.
alter table cluster add column first text;
-- It was the first itself where accounts are its own, and none is a copy.
update cluster set first = name
where exists (select from account where not copied) and not exists (select from account where copied);
