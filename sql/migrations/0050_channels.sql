-- Channels: several talks at one step, each with members. Which talk a message belongs to is stored with it, and
-- whether somebody is a member is one question, whoever asks it: the storing of a message, a page, or `verify`.

alter table message add column channel text; -- null: the only talk of its step

-- `among`: see Channel.among. Null is everybody. What a hook said counts at the position for which it said so; a role
-- from the position on at which it was dealt.
create function is_among(room bigint, place integer, seat integer, among jsonb) returns boolean language sql stable as $$
    select case
        when among is null then true
        when among ? 'slots' then among->'slots' @> to_jsonb(seat)
        when among ? 'types' then exists (
            select from slot s where s.room_id = room and s.slot = seat and among->'types' ? s.type)
        else coalesce((
            select r.value = among->>'value' from result r
            where r.room_id = room and r.slot = seat and r.name = among->>'result' and r.position <= place
                and (not among ? 'now' or r.position = place)
            order by r.position desc limit 1
        ), false) end
$$;
