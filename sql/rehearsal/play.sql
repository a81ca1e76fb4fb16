-- name: types
select type, count(*)::integer from player where session_id = %(session_id)s group by type order by type

-- name: postmaster
-- Where its number stands: readable only on its own machine.
select current_setting('data_directory') || '/postmaster.pid'
