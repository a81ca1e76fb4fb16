-- See 0079.
create index if not exists event_session on event using brin (session_id text_bloom_ops (n_distinct_per_range = 128))
    with (pages_per_range = 64, autosummarize);
