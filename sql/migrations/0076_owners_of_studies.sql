-- A server of a version before 0071 that still ran beside a newer one kept studies that nobody owned: they are whose they
-- were made by, unless somebody has said since who owns them.
insert into study_right (study_id, account, role, given_by, given_at)
select k.id, a.name, 'owner', k.made_by, k.made_at from kept_study k join account a on a.name = k.made_by
where not exists (select from study_right r where r.study_id = k.id)
    and not exists (select from security_event e where e.about = k.id and e.what like 'study\_right\_%');
