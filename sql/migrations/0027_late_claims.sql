-- When an answer that came late was first sent, by the word of the page that could not get it through: a claim, kept apart
-- from what the server knows.

create table late_claim (
    form uuid primary key, -- record.form
    session_id text not null,
    player_id bigint not null references player,
    tried_at timestamptz not null,
    at timestamptz not null default clock_timestamp(),
    constraint tried_before_it_came check (tried_at <= at)
);
create index late_claim_session on late_claim (session_id);
