-- name: person_called
select id from player where session_id = %(session_id)s and label = %(label)s

-- name: person_numbered
select label from player where session_id = %(session_id)s and id = %(number)s

-- name: facts
select p.session_id, p.erased_at is not null as erased, p.type, p.status::text, p.entry, p.given, p.signed_in_at, p.seated_at,
    p.finished_at, p.outcome, p.code, (select r.name from room r where r.id = p.room_id)
from player p where p.id = %(player_id)s

-- name: answers
-- Alone or with others.
select at, step, round, field, value from record
where player_id = %(player_id)s and room_id = any(array(
    select room_id from player where id = %(player_id)s and room_id is not null
    union all select id from room where player_id = %(player_id)s))
order by id

-- name: messages
select m.at, m.step, m.round, case when m.to_slot is not null then 'to slot ' || m.to_slot
    when m.channel is not null then 'in ' || m.channel else 'to the group' end, m.body
from player p join message m on m.room_id = p.room_id and m.player_id = p.id where p.id = %(player_id)s order by m.id

-- name: recruiter
-- Where they are with the recruiter, and what was asked and paid there.
select changed_at, 'their submission there: ' || replace(standing, '_', ' ') || case when code <> '' then ', with the code ' || code
    else '' end
from submission where player_id = %(player_id)s
union all
select at, case what when 'approve' then 'to be approved' else 'to be screened out' end || ': ' || state
from review where player_id = %(player_id)s
union all
select coalesce(p.sent_at, p.at), 'a bonus of ' || b.amount || ' ' || p.currency || ': ' || b.state
from bonus b join payout p on p.id = b.payout_id where b.player_id = %(player_id)s
union all
select at, 'paid elsewhere: ' || amount from paid_elsewhere where player_id = %(player_id)s
order by 1

-- name: notes
select n.at, '', 0, coalesce('from ' || n.account, 'to the researchers'), n.body from player p
join note n on n.session_id = p.session_id and n.player_id = p.id where p.id = %(player_id)s order by n.id
