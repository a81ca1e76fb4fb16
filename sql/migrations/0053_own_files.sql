-- A study's own files, in pieces: a process sends one piece after the other and holds none of them whole. What is in a
-- file is stored once, however many sessions were opened with it.

create table own_content (
    sha256 text primary key,
    size bigint not null
);

create table own_piece (
    sha256 text not null references own_content,
    number integer not null, -- from 0; all but the last are equally long
    body bytea not null,
    primary key (sha256, number)
);
alter table own_piece alter column body set storage external; -- pictures and film are packed already

create table own_file (
    files_sha256 text not null, -- of all own files of a study: it is in their address
    path text not null,
    sha256 text not null references own_content,
    primary key (files_sha256, path)
);
