-- name: postmaster
-- Where its number stands: readable only on its own machine.
select current_setting('data_directory') || '/postmaster.pid'
