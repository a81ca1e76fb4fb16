-- The form by which a session was opened on a page: one that is sent twice opens one session.
alter table session
    add column form text,
    add constraint one_form_one_session unique (form);
