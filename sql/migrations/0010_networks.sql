-- Networks: a room's ties hold from one position of its plan on, until it has another network. Rounds could not say
-- that, since each block of steps counts its own, nor could ties alone: there may be none.

create table network (
    session_id text not null references session,
    room_id bigint not null references room,
    position integer not null, -- index into the study's plan: from here on, until the room's next network
    step text not null, -- of that position
    round integer not null,
    made_by text not null, -- 'study', or 'hook NAME'
    at timestamptz not null default clock_timestamp(),
    primary key (room_id, position)
);

create function network_at(room bigint, place integer) returns integer language sql stable as $$
    select max(position) from network where room_id = room and position <= place
$$;

create temporary table opening as
    select distinct on (l.room_id, e.data->>'step', e.data->>'round') l.room_id, (e.data->>'position')::integer as position,
        e.data->>'step' as step, (e.data->>'round')::integer as round
    from event e join log l on l.id = e.log_id
    where l.room_id is not null and e.name in ('room_opened', 'step_opened')
    order by l.room_id, e.data->>'step', e.data->>'round', e.seq;

insert into network (session_id, room_id, position, step, round, made_by, at)
select r.session_id, r.id, 0, coalesce(o.step, r.step), 1, 'study', r.opened_at
from room r left join opening o on o.room_id = r.id and o.position = 0;

alter table tie drop constraint tie_pkey;
alter table tie drop column round;
alter table tie add column position integer not null default 0; -- of the network that it belongs to
alter table tie alter column position drop default;
alter table tie add primary key (room_id, position, from_slot, to_slot);
alter table tie add constraint ties_belong_to_a_network foreign key (room_id, position) references network;
alter table tie add constraint ties_have_a_weight check (weight <> 0 and weight between '-1e300' and '1e300');

alter table message add column position integer; -- which it was written at
update message m set position = o.position from opening o
where o.room_id = m.room_id and o.step = m.step and o.round = m.round;
update message set position = 0 where position is null;
alter table message alter column position set not null;

drop table opening;
