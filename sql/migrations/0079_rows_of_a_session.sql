-- What is asked of a whole session, an export, a proof, a page of all answers, read all that was ever stored, since these
-- tables are known by room: minutes, beside the sessions of a year. What a session writes lies together on the disk. So a
-- summary of each 64 pages says of which sessions they have rows, and the rest is not read. Nothing is written to it with
-- a row: an index of each row would cost each form that is stored something.
-- A script for each table: who writes meanwhile waits for one of them alone, and never in a circle.
create index if not exists record_session on record using brin (session_id text_bloom_ops (n_distinct_per_range = 128))
    with (pages_per_range = 64, autosummarize);
