-- Drafts of steps that are over, which versions before kept: nobody sends these any more.
delete from draft d using player p left join room r on r.id = p.room_id
where p.id = d.player_id and (p.status not in ('waiting', 'playing') or r.status = 'ended');
