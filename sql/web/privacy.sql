-- name: counted
-- Answers count once, however often they were changed; by the rooms that a player has.
select (select count(*) from player p cross join lateral jsonb_object_keys(p.entry) where p.id = %(player_id)s)::integer as entry,
    (select count(*) from player p cross join lateral jsonb_object_keys(p.given) where p.id = %(player_id)s)::integer as given,
    (select count(*) from door_attempt where player_id = %(player_id)s and not erased)::integer as attempts,
    (select count(*) from record r where r.room_id = %(room_id)s and r.player_id = %(player_id)s)::integer as answers,
    (select count(*) from record r where r.player_id = %(player_id)s
        and r.room_id = any(array(select id from room where player_id = %(player_id)s)))::integer as alone,
    (select count(*) from message m where m.room_id = %(room_id)s and m.player_id = %(player_id)s)::integer as messages,
    (select count(*) from note n join player p on p.id = %(player_id)s
        where n.session_id = p.session_id and n.player_id = p.id and not n.erased)::integer as notes,
    (select count(*) from draft where player_id = %(player_id)s)::integer as drafts,
    exists (select from earlier where player_id = %(player_id)s) as earlier,
    exists (select from submission where player_id = %(player_id)s)
        or exists (select from review where player_id = %(player_id)s)
        or exists (select from bonus where player_id = %(player_id)s)
        or exists (select from paid_elsewhere where player_id = %(player_id)s) as recruited,
    exists (select from earlier e join player p on p.id = e.player_id left join room r on r.id = p.room_id
        where e.earlier_id = %(player_id)s
            and (p.status not in ('invited', 'finished', 'left') or r.status = 'playing')) as is_later,
    coalesce((select status = 'playing' from room where id = %(room_id)s), false) as room_plays
