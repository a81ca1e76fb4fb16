-- A session that is being moved to another one of several databases, or has been: where it is to be found.
create table transfer (
    session_id text primary key,
    cluster text not null, -- the name of that database
    by text not null,
    began_at timestamptz not null default clock_timestamp(),
    digests jsonb not null default '{}', -- of each table's rows, as they were copied
    done_at timestamptz -- null while its rows are here, too
);
create index transfers_under_way on transfer (session_id) where done_at is null;
-- Rooms name players, who name slots of rooms: whoever copies both has one of them first.
alter table room alter constraint room_player_id_fkey deferrable initially immediate;
