-- Screening: which of the study's [[screen_out]] somebody falls under, by place in the study from 0; and which version of the
-- page that stands above the entry form they had before them, as the sha256 of its file.
alter table player
    add column screens integer[] not null default '{}',
    add column entry_page text,
    add constraint who_is_screened_out_is_not_in check (screens = '{}' or status = 'left' and room_id is null);
