-- See 0079.
create index if not exists opened_step_session on opened_step using brin (session_id text_bloom_ops (n_distinct_per_range = 128))
    with (pages_per_range = 64, autosummarize);
