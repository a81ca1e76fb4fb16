-- The lobby's clock: waiting counts from the start, or from coming if that is later; a session may start by itself.
alter table session
    add column start_at timestamptz, -- when it starts by itself; null: when somebody starts it
    add column waits_from timestamptz; -- who waited at the start has waited from then on; null: it has not begun, or a
    -- version before this one began it
create index session_starts_by_itself on session (start_at) where status = 'open' and start_at is not null;
