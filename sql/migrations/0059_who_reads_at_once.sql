-- Who reads what is said in a talk is one question, too, whoever asks it: the storing of a message, or a sign that
-- somebody is writing one. (Again and again: where it was asked more slowly, under another name of this file, it is asked
-- so from now on.)

-- Who sees a slot: the other way round than the primary key, which goes through all ties of a room of a thousand for it.
create index if not exists tie_seers on tie (room_id, position, to_slot);

-- The slots that a message of `seat` is for, its own among them. `shown`: those that are shown the step; null: all.
-- `whom`: the one slot that it is written to. `hears` and `all_read`: see Channel.of and Channel.all_read.
create or replace function who_reads(
    room bigint, place integer, shown integer[], seat integer, whom integer, hears text, among jsonb, all_read boolean
) returns integer[] language sql stable as $$
    select array(
        select reached.slot from (
            select seat as slot
            union select t.from_slot from tie t
            where hears <> 'room' and t.room_id = room and t.position = network_at(room, place) and t.to_slot = seat
                and (whom is null or t.from_slot = whom)
                and (all_read or among is null or is_among(room, place, t.from_slot, among))
            union select o.slot from slot o
            where hears = 'room' and o.room_id = room and (whom is null or o.slot = whom)
                and (all_read or among is null or is_among(room, place, o.slot, among))
        ) reached
        where shown is null or reached.slot = any(shown)
        order by reached.slot
    )
$$;
