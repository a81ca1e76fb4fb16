-- Drop-outs: who gives no sign while their room waits for them, and what the room does without them.
alter table player
    add column nudged_at timestamptz, -- asked whether they are still there, and no sign of them since
    add column followed_by text, -- what their room did as they left it: standby, bot, smaller, end_room or continue
    add constraint who_was_followed_has_left check (followed_by is null or status = 'left');
create index player_nudged on player (session_id) where nudged_at is not null and status = 'playing';

alter table slot add column bot boolean not null default false; -- whoever sat there has left, and a bot plays on

-- The newest sign of each player, and since and until when each process has passed on the signs that it got: silence
-- is known only where somebody listened. A crash may take both, and then silence counts from the start.
create unlogged table sign (
    player_id bigint primary key,
    at timestamptz not null
);
alter table process
    add column heard_since timestamptz,
    add column heard_until timestamptz;
