-- name: look_at_lobby
-- Whoever comes in now has yet to be looked for a seat for. Before the line is locked: see the lock order.
update lobby set due_at = now() where session_id = %(id)s
