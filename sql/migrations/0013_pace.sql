-- Pace: a step may go on when a share of those asked have answered, and pages may be gone through at one's own pace.
alter table room
    add column wait_share numeric not null default 1, -- of those asked, how many must have answered
    add column pages text[], -- the room is at several pages at once, each 'step round'; null: at its step alone
    add column last_step text, -- the last of these pages: whoever has answered it has answered all
    add column last_round integer,
    add constraint several_pages_have_a_last
        check ((pages is null) = (last_step is null) and (pages is null) = (last_round is null));
