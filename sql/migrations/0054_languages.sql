-- In which of its study's languages somebody reads their pages; '' is the study's own.

alter table player add column language text not null default '';

-- What a page was read in at a moment that is over, for the replay.
create table language_choice (
    player_id bigint not null references player on delete cascade,
    at timestamptz not null default clock_timestamp(),
    language text not null,
    primary key (player_id, at)
);
