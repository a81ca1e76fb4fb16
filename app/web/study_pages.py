"""Studies on the researcher's side: uploaded, checked, kept version by version, and read in plain words."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from litestar import get, post
from litestar.exceptions import ClientException
from litestar.response import Redirect, Response

from app.players.tokens import new_token
from app.sessions.sessions import sessions_with
from app.study import shelf
from app.study.reading import fingerprint, parse
from app.study.shelf import Shelved, Upload
from app.study.syntax.mistakes import StudyError
from app.web.access import rights, security, study_rights
from app.web.auth import address_of
from app.web.lab import Query, lab_of
from app.web.researchers import MAKES, admitted, who_asks
from app.web.responses import page, problem
from app.web.studies import receiving, words
from app.web.studies.checking import CheckError
from app.web.studies.excerpts import marked
from app.web.studies.finding import find_version, still_on
from app.web.studies.receiving import UploadForm
from app.web.studies.rehearsing import MOST, PACE, told_of
from app.web.studies.ships import shipped
from app.web.studies.uploads import LARGEST_UPLOAD, UploadError

STUDIES = "/admin/studies"
LISTED = 500  # studies on the page
FORM_KEY = re.compile("[a-z0-9]{12}")


@get("/studies", needs=MAKES)
async def study_list(request: Query) -> Response[str]:
    async with lab_of(request).pool.connection() as conn:
        on = await study_rights.rights_of(conn, who_asks(request).name)
        kept, given = await shelf.newest_versions(conn, [*on], LISTED), await study_rights.all_given(conn)
    context = dict(who=who_asks(request), studies=kept, given=given, ships=shipped(), form_key=new_token(12))
    return page("admin/studies.html", context)


@post("/studies", needs=MAKES, request_max_body_size=LARGEST_UPLOAD)
async def add_study(request: Query) -> Response[str] | Redirect:
    return await _take(request, None)


@get("/studies/{study_id:str}", needs=MAKES)
async def study_page(request: Query, study_id: str) -> Response[str]:
    return await _page(request, study_id, None)


@get("/studies/{study_id:str}/versions/{number:int}", needs=MAKES)
async def version_page(request: Query, study_id: str, number: int) -> Response[str]:
    return await _page(request, study_id, number)


@post("/studies/{study_id:str}", needs=MAKES, request_max_body_size=LARGEST_UPLOAD)
async def add_version(request: Query, study_id: str) -> Response[str] | Redirect:
    await find_version(request, study_id)
    return await _take(request, study_id)


@post("/studies/{study_id:str}/versions/{number:int}/check", needs=MAKES)
async def check_again(request: Query, study_id: str, number: int) -> Response[str] | Redirect:
    to = f"{STUDIES}/{study_id}/versions/{number}"
    try:
        await look_again(request, study_id, number)
    except CheckError as error:
        return problem(request, 422, str(error), to)
    return Redirect(to, status_code=303)


async def look_again(request: Query, study_id: str, number: int) -> None:
    """By the `check` that is here now. Raises `CheckError`, and a 404."""
    lab, (version, _) = lab_of(request), await find_version(request, study_id, number)
    lab.uploads.check()
    async with lab.uploads:
        checked = await receiving.checked_again(lab.pool, version)
    async with lab.pool.connection() as conn, conn.transaction():
        await shelf.put_report(conn, version, checked)


async def _take(request: Query, study_id: str | None) -> Response[str] | Redirect:
    to = f"{STUDIES}/{study_id}" if study_id else STUDIES

    async def known_by(form: UploadForm) -> str:
        await admitted(request, request.route_handler)
        if not FORM_KEY.fullmatch(form.fields.get("form_key", "")):
            raise ClientException("The form does not say what it means. Reload the page and try again.")
        return form.fields["form_key"]

    try:
        kept = await take(request, study_id, known_by)
    except (UploadError, CheckError) as error:
        return problem(request, 422, f"{error} Nothing was kept.", to)
    return Redirect(f"{STUDIES}/{kept.study_id}/versions/{kept.number}", status_code=303)


async def take(
    request: Query, study_id: str | None, known_by: Callable[[UploadForm], Awaitable[str]]
) -> Shelved:
    """`study_id`: of which it is another version. `known_by`: by what a form with the same files is known if it comes
    again, of whoever may still send it: the files may have come for minutes. Raises `UploadError`, `CheckError`, and
    a 404 for who is not on that study any more."""
    lab = lab_of(request)
    lab.arriving.check()
    async with lab.arriving:
        form = await receiving.sent(request)
        try:
            key = await known_by(form)
            async with lab.uploads, receiving.received(form) as upload:
                return await _keep(request, study_id, key, upload)
        finally:
            await form.close()


async def _keep(request: Query, study_id: str | None, form_key: str, upload: Upload) -> Shelved:
    who = who_asks(request).name
    try:
        async with lab_of(request).pool.connection() as conn, conn.transaction():
            if study_id is None:
                # With what came: a browser that goes back to a form may send another study by it.
                form = hashlib.sha256(f"{form_key} {fingerprint(upload.files)}".encode()).hexdigest()[:24]
                kept = await shelf.keep_study(conn, new_token(8), form, upload, who)
                while not kept.new and await study_rights.right_on(conn, kept.study_id, who) is None:
                    # They are not on it any more: what they send is a study of theirs again.
                    form = hashlib.sha256(f"{form} {kept.study_id}".encode()).hexdigest()[:24]
                    kept = await shelf.keep_study(conn, new_token(8), form, upload, who)
            else:
                await still_on(conn, study_id, who)
                kept = await shelf.keep_version(conn, study_id, upload, who)
            if kept.new:
                said: dict[str, Any] = dict(title=upload.title, version=kept.number, about=kept.study_id)
                await security.write(conn, "study_uploaded", who, address_of(request), **said)
    except StudyError as error:
        raise UploadError(str(error)) from None
    return kept


async def _page(request: Query, study_id: str, number: int | None) -> Response[str]:
    lab = lab_of(request)
    who, (version, versions) = who_asks(request), await find_version(request, study_id, number)
    lab.readings.check()
    async with lab.pool.connection() as conn:
        files = await shelf.files_of(conn, version)
        on = await rights.rights_of(conn, who.name)
        right = await study_rights.right_on(conn, study_id, who.name)
        given = (await study_rights.all_given(conn)).get(study_id)
        run = [one for one in await sessions_with(conn, version.sha256) if one.id in on]
    context: dict[str, Any] = dict(who=who, version=version, versions=versions, sessions=run)
    context |= dict(most_bots=MOST, pace=PACE, told=told_of(version), right=right, given=given, marked=marked)
    context |= dict(here=f"{STUDIES}/{study_id}", form_key=new_token(12), files=files)
    async with lab.readings:
        context |= await asyncio.to_thread(_in_words, files)
    return page("admin/study.html", context)


def _in_words(files: Mapping[str, bytes]) -> dict[str, Any]:
    """A large study takes a second: beside the players' answers, not before them."""
    try:
        study = parse(files)
    except StudyError:
        return dict(study=None)
    return dict(study=study, sections=words.sections(study), parts=words.parts(study))


HANDLERS = [study_list, add_study, study_page, version_page, add_version, check_again]
