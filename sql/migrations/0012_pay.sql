-- Earnings: what `score` gave a player as a step ended. Append-only; what is paid follows from them and the study.
create table earning (
    id bigint generated always as identity primary key,
    session_id text not null,
    player_id bigint not null, -- whoever sat in the slot as the step ended
    room_id bigint not null,
    position integer not null, -- index into the study's plan of steps and rounds
    amount numeric not null, -- in points, or in the study's currency where it has no points
    reason text not null, -- what computed it
    at timestamptz not null default clock_timestamp(),
    constraint one_earning_per_reason unique (player_id, room_id, position, reason),
    constraint earnings_have_ten_decimals check (scale(amount) <= 10 and abs(amount) < 1000000000000)
);
create index earning_session on earning (session_id);
