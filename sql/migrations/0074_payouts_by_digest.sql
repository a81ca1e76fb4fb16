-- Of what was shown as it was confirmed: the same confirmation once more, by a second click or a script, pays nobody again.
alter table payout add column digest text not null default '';
create index payout_digest on payout (session_id, digest);
