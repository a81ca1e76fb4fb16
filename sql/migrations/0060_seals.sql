-- What a session was to be, said before it ran: its study, its analysis, how many and by which rules. Nothing here ever
-- changes, so that whoever has the digest can hold it against what ran.

create table seal (
    id bigint generated always as identity primary key,
    session_id text not null references session,
    digest text not null,
    document text not null, -- JSON
    came integer not null, -- who had come in by then
    records bigint not null, -- … and what they had said
    by text not null,
    at timestamptz not null default clock_timestamp(),
    constraint a_digest_is_that_of_its_document check (digest = encode(sha256(convert_to(document, 'UTF8')), 'hex'))
);
create index seal_session on seal (session_id);
