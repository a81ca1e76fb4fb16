-- Sessions that are done with: out of the list, and nothing of them deleted.
alter table session
    add column archived_at timestamptz,
    add constraint only_closed_sessions_are_archived check (archived_at is null or status = 'closed');
