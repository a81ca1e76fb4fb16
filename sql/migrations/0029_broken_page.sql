-- Pages of studies that broke as somebody was to see them, and ours stood in. The reason names nobody's answers.
create table broken_page (
    study_sha256 text not null,
    file text not null,
    line integer not null, -- 0: not known
    reason text not null,
    at timestamptz not null default clock_timestamp(),
    primary key (study_sha256, file)
);
