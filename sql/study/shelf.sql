-- name: add_study
-- Nothing where this form has brought it already.
insert into kept_study (id, form, made_by) values (%(id)s, %(form)s, %(by)s) on conflict do nothing returning id

-- name: study_of_form
select id from kept_study where form = %(form)s

-- name: remove_files
delete from kept_file where study_id = %(study_id)s

-- name: remove_versions
delete from kept_version where study_id = %(study_id)s

-- name: remove_study
delete from kept_study where id = %(study_id)s

-- name: lock_study
select id from kept_study where id = %(study_id)s for update

-- name: add_version
insert into kept_version (study_id, number, title, sha256, source, uploaded_by, can_run, report, checked_with)
select %(study_id)s, coalesce(max(number), 0) + 1, %(title)s, %(sha256)s, %(source)s, %(by)s, %(can_run)s, %(report)s,
    %(checked_with)s
from kept_version where study_id = %(study_id)s returning number

-- name: add_files
insert into kept_file (study_id, number, path, body)
select %(study_id)s, %(number)s, path, body from unnest(%(paths)s::text[], %(bodies)s::bytea[]) as f(path, body)

-- name: put_report
-- A rehearsal that there was stays.
update kept_version set can_run = %(can_run)s, checked_with = %(checked_with)s,
    report = %(report)s || jsonb_strip_nulls(jsonb_build_object('rehearsal', report -> 'rehearsal'))
where study_id = %(study_id)s and number = %(number)s

-- name: lock_rehearsals
-- One at a time decides whether one begins.
select pg_advisory_xact_lock(hashtextextended('networklab rehearsal', 0))

-- name: rehearsals
-- Those that run: a process that has died says so no more.
select count(*) from kept_version
where report -> 'rehearsal' ->> 'state' = 'running'
    and coalesce(report -> 'rehearsal' ->> 'seen', report -> 'rehearsal' ->> 'began')::timestamptz
        > now() - make_interval(secs => %(seconds)s)

-- name: see_rehearsal
-- That it still runs, where it is this one.
update kept_version set report = jsonb_set(report, '{rehearsal,seen}', to_jsonb(now()))
where study_id = %(study_id)s and number = %(number)s
    and report -> 'rehearsal' ->> 'began' = %(began)s and report -> 'rehearsal' ->> 'state' = 'running'

-- name: put_rehearsal
update kept_version set report = report || jsonb_build_object('rehearsal', %(told)s::jsonb)
where study_id = %(study_id)s and number = %(number)s

-- name: rehearsal_page
select report -> 'rehearsal' ->> 'page' from kept_version where study_id = %(study_id)s and number = %(number)s

-- name: versions
-- The newest first.
select study_id, number, title, sha256, source, uploaded_by, uploaded_at, can_run,
    report #- '{rehearsal,page}' as report, checked_with
from kept_version where study_id = %(study_id)s order by number desc

-- name: newest_versions
-- One of each study, the study that was changed last first.
select v.study_id, v.number, v.title, v.sha256, v.source, v.uploaded_by, v.uploaded_at, v.can_run,
    v.report #- '{rehearsal,page}' as report, v.checked_with
from kept_version v
where v.number = (select max(o.number) from kept_version o where o.study_id = v.study_id)
    and (%(among)s::text[] is null or v.study_id = any(%(among)s))
order by v.uploaded_at desc, v.study_id limit %(most)s

-- name: with_digest
select study_id, number, title, sha256, source, uploaded_by, uploaded_at, can_run,
    report #- '{rehearsal,page}' as report, checked_with
from kept_version where sha256 = %(sha256)s order by uploaded_at desc, study_id limit 1

-- name: files
select path, body from kept_file where study_id = %(study_id)s and number = %(number)s
