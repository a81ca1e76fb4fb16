-- From where a token was said last: whoever it was made for sees whether it was them.
alter table api_token add column used_from text not null default '';
