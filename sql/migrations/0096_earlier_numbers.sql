-- A session that has come from another database has that one's numbers, which may be higher than all that are given here:
-- who goes on from it is later, and has a lower one.
alter table earlier drop constraint nobody_goes_on_from_what_is_to_come,
    add constraint nobody_goes_on_from_themselves check (earlier_id <> player_id) not valid;
