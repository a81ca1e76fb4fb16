-- When the session last went on after a pause: by how much each wait moved then can be told from its log alone.
alter table session add column resumed_at timestamptz;
