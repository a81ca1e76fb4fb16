-- name: members_in
-- Of each channel of a step the slots that are in it; see is_among.
select g.name, array_agg(s.slot) from unnest(%(names)s::text[], %(among)s::jsonb[]) as g(name, among)
join slot s on s.room_id = %(room_id)s and is_among(s.room_id, %(position)s, s.slot, g.among)
group by g.name
