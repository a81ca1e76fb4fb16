-- Recruiters: which study of theirs a session recruits by, where people are with them, and what they are asked to do.
create table recruiting (
    session_id text primary key references session,
    recruiter text not null,
    study_id text not null, -- theirs
    token bytea, -- kept by NETWORKLAB_KEY, which is not here; null: that of the environment
    study jsonb, -- as they last told it
    standings jsonb not null default '{}', -- where all of theirs are → how many
    not_here integer not null default 0, -- how many of these never came to us
    looked_at timestamptz, -- when their list was last read
    look_at timestamptz default clock_timestamp(), -- when it is to be read next; null: not any more
    failures integer not null default 0, -- looks that came to nothing since then, one after the other
    problem text not null default '' -- why the last one did
);
create index recruiting_look on recruiting (look_at) where look_at is not null;

-- Where somebody is with the recruiter. Only of people who are here: of the others no more than a number is kept.
create table submission (
    player_id bigint primary key references player,
    session_id text not null references session,
    id text not null, -- theirs
    standing text not null,
    code text not null, -- that was handed in there
    changed_at timestamptz not null default clock_timestamp(),
    constraint one_submission_one_player unique (session_id, id)
);

-- What they are asked to decide on somebody, once a researcher has said so.
create table review (
    id bigint generated always as identity primary key,
    session_id text not null references session,
    player_id bigint not null references player,
    submission_id text not null, -- empty once they were erased
    what text not null,
    code text not null, -- that is handed in for them, where they are screened out
    state text not null default 'asked',
    tries integer not null default 0,
    said text not null default '', -- by the recruiter, where nothing came of it
    by text not null,
    at timestamptz not null default clock_timestamp(),
    sent_at timestamptz,
    try_at timestamptz not null default clock_timestamp(),
    constraint reviews_approve_or_screen_out check (what in ('approve', 'screen_out')),
    constraint reviews_are_asked_sent_done_or_refused check (state in ('asked', 'sent', 'done', 'refused'))
);
create unique index one_review_of_a_player_at_a_time on review (player_id) where state in ('asked', 'sent');
create index review_session on review (session_id);

-- Bonuses that a researcher has confirmed, at most 200 together. `asked` → `paying`, before the one call that pays →
-- `accepted`, once they said that they do → `settled`. `refused`: nobody was paid. `unclear`: it is the researcher's to say.
create table payout (
    id bigint generated always as identity primary key,
    session_id text not null references session,
    study_id text not null,
    currency text not null,
    people integer not null,
    amount numeric not null,
    state text not null default 'asked',
    prepared_id text, -- theirs, of what was prepared
    tries integer not null default 0,
    said text not null default '', -- why it waits, or was refused
    by text not null,
    at timestamptz not null default clock_timestamp(),
    sent_at timestamptz, -- when the call that pays was begun
    settled_at timestamptz,
    try_at timestamptz default clock_timestamp(), -- when to go on with it; null: not by itself
    constraint payouts_go_from_asked_to_settled
        check (state in ('asked', 'paying', 'accepted', 'settled', 'refused', 'unclear')),
    constraint nobody_is_paid_by_what_was_not_prepared check (sent_at is null or prepared_id is not null),
    constraint a_payout_is_sent_before_it_is_paid check (state not in ('paying', 'accepted', 'unclear') or sent_at is not null),
    constraint what_was_prepared_is_paid_once unique (prepared_id)
);
create index payout_session on payout (session_id);
create index payout_try on payout (try_at) where try_at is not null;

-- `open`: on its way. `held`: left out, since `said`. `paid`. `unpaid`: nothing came of it.
create table bonus (
    payout_id bigint not null references payout,
    player_id bigint not null references player,
    submission_id text not null, -- empty once they were erased
    amount numeric not null,
    state text not null default 'open',
    said text not null default '',
    listed_before numeric, -- what the recruiter listed in all for them, before the call that pays …
    listed numeric, -- … and last
    primary key (payout_id, player_id),
    constraint bonuses_are_whole_cents_above_nothing check (amount > 0 and amount = round(amount, 2)),
    constraint bonuses_are_open_held_paid_or_unpaid check (state in ('open', 'held', 'paid', 'unpaid'))
);
-- Nobody is paid twice at a time, whoever asks for it.
create unique index one_bonus_of_a_player_on_its_way on bonus (player_id) where state in ('open', 'held');

-- What a recruiter lists as paid, and was not paid from here: whether it was the bonus of this session, a researcher says.
create table paid_elsewhere (
    id bigint generated always as identity primary key,
    player_id bigint not null references player,
    amount numeric not null,
    counts boolean not null, -- as this session's bonus
    by text not null,
    at timestamptz not null default clock_timestamp()
);
create index paid_elsewhere_player on paid_elsewhere (player_id);
