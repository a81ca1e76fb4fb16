-- Who reads what is said in a talk is one question, too, whoever asks it: the storing of a message, or a sign that
-- somebody is writing one.

-- The slots that a message of `seat` is for, its own among them. `shown`: those that are shown the step; null: all.
-- `whom`: the one slot that it is written to. `hears` and `all_read`: see Channel.of and Channel.all_read.
create function who_reads(
    room bigint, place integer, shown integer[], seat integer, whom integer, hears text, among jsonb, all_read boolean
) returns integer[] language sql stable as $$
    select array(
        select s.slot from slot s join (
            select seat as slot
            union select t.from_slot from tie t
            where hears <> 'room' and t.room_id = room and t.position = network_at(room, place) and t.to_slot = seat
                and (whom is null or t.from_slot = whom) and (all_read or is_among(room, place, t.from_slot, among))
            union select o.slot from slot o
            where hears = 'room' and o.room_id = room and (whom is null or o.slot = whom)
                and (all_read or is_among(room, place, o.slot, among))
        ) reached on reached.slot = s.slot
        where s.room_id = room and (shown is null or s.slot = any(shown))
        order by s.slot
    )
$$;
