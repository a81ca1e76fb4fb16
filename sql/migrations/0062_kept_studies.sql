-- Studies that researchers have uploaded: each version as it came, with what `check` said of it.

create table kept_study (
    id text primary key,
    form text not null, -- by which it came: a form that is sent twice keeps one study
    made_by text not null,
    made_at timestamptz not null default now(),
    constraint one_form_one_study unique (form)
);

create table kept_version (
    study_id text not null references kept_study,
    number integer not null, -- from 1
    title text not null,
    sha256 text not null, -- of all its files, as a session has it
    source text not null, -- what was uploaded, in words
    uploaded_by text not null,
    uploaded_at timestamptz not null default now(),
    can_run boolean not null,
    report jsonb not null, -- what `check --json` said
    checked_with text not null, -- the version of NetworkLab that said it
    primary key (study_id, number),
    constraint versions_differ unique (study_id, sha256)
);
create index kept_version_sha256 on kept_version (sha256);

create table kept_file (
    study_id text not null,
    number integer not null,
    path text not null,
    body bytea not null, -- of an own file a pointer, as in study_file
    primary key (study_id, number, path),
    foreign key (study_id, number) references kept_version
);
