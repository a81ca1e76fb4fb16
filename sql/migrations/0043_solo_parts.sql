-- Solo steps are gone through in a room of one: it moves on, stores and logs as any room does.
alter table room
    add column during player_status not null default 'playing', -- the status of whoever goes through it
    add column player_id bigint references player, -- whose it is, where it is before the lobby or after the room
    add constraint solo_rooms_are_of_one
        check (during in ('before', 'playing', 'after') and (during = 'playing') = (player_id is null));
create unique index one_solo_room_of_each on room (player_id, during) where player_id is not null;

alter table player
    add column queued_from timestamptz, -- came into the lobby then, where that was not at once
    add column waited_until timestamptz, -- went on then to what comes after, without a room where there is no `seated_at`
    drop constraint who_waits_has_no_slot,
    drop constraint who_plays_has_a_slot,
    add constraint who_waits_has_no_slot check (status not in ('invited', 'before', 'waiting') or slot is null),
    add constraint who_plays_has_a_slot check (status <> 'playing' or slot is not null),
    add constraint who_goes_on_knows_how_it_ended check (status <> 'after' or (outcome is null) = (code is null));
create index player_solo on player (id) where status in ('before', 'after');
