-- Whom each step of a room asked when it opened: who was not asked stores nothing there, also when it is over.
-- And who could read a message, as it was written. Rooms stand still meanwhile: not one opening is missed.
lock table room in share row exclusive mode;

create table opened_step (
    session_id text not null references session,
    room_id bigint not null references room,
    position integer not null, -- index into the study's plan
    pages text[], -- each 'step round'; null: some at one's own pace, opened by the version before
    asked integer[], -- the slots that were shown it; null: all
    at timestamptz not null default clock_timestamp(),
    primary key (room_id, position)
);

insert into opened_step (session_id, room_id, position, pages, asked, at)
select distinct on (r.id, (e.data->>'position')::integer) r.session_id, r.id, (e.data->>'position')::integer,
    case when (e.data->>'position')::integer = r.position then coalesce(r.pages, array[r.step || ' ' || r.round])
        when e.data ? 'last_step' then null
        else array[(e.data->>'step') || ' ' || (e.data->>'round')] end,
    (select array_agg(slot::integer) from jsonb_array_elements_text(e.data->'asked') as slot), e.at
from event e join log l on l.id = e.log_id join room r on r.id = l.room_id
where e.name = 'step_opened' or e.name = 'room_opened' and not coalesce((e.data->>'opening')::boolean, false)
order by r.id, (e.data->>'position')::integer, e.seq desc;

-- The slots; null: written with the version before. Whoever was tied to the writer, or the room, as the step says.
alter table message add column readers integer[];
