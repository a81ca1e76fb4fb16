-- name: saved
-- All that one player has saved: the numbers of the records, the digest of a receipt for them all, and how many
-- messages. Found by the rooms that a player has: by player alone it would read the whole table.
select coalesce(array_agg(r.id order by r.id), '{}') as records,
    encode(sha256(convert_to(coalesce(
        string_agg(r.id || E'\t' || r.field || E'\t' || r.value || E'\n', '' order by r.id), ''), 'UTF8')), 'hex') as digest,
    (select count(*)::integer from message m where m.room_id = %(room_id)s and m.player_id = %(player_id)s) as messages,
    coalesce(bool_or(r.erased), false) as erased
from record r where r.player_id = %(player_id)s and r.room_id = any(
    array(select id from room where player_id = %(player_id)s) || %(room_id)s::bigint)
