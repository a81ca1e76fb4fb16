-- What happened to accounts, log-ins, rights and data: written once and never changed.
create table security_event (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    what text not null,
    account text not null default '', -- who did it, or whose name it was tried with; empty: nobody that there is
    session_id text, -- where it is about one; the table outlives sessions and accounts
    about text not null default '', -- the account, or the number of the player, that it was done to
    address text not null default '',
    data jsonb not null default '{}'
);
create index security_event_account on security_event (account, id);
create index security_event_session on security_event (session_id, id) where session_id is not null;

create function security_events_stay_as_they_are() returns trigger language plpgsql as $$
begin
    raise exception 'security events stay as they are' using errcode = 'insufficient_privilege';
end $$;
create trigger security_events_stay_as_they_are before update or delete or truncate on security_event
    for each statement execute function security_events_stay_as_they_are();
-- Its owner, as which the server works, too: a mistake in a query needs more than itself to change what stands there.
revoke update, delete, truncate on security_event from public, current_user;
