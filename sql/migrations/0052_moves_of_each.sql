-- How many moves somebody has made lately is asked with each.
create index moves_of_each on move (player_id, record_id);
