-- Treatments that are drawn as people come.
alter table player
    add column drawn integer, -- as the how-manieth they came, from 1, where something was drawn for them then
    add constraint each_draws_once unique (session_id, drawn);
