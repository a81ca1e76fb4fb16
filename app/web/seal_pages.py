"""The seal of a session, from its page: made there, with the files of an analysis that somebody uploads."""

from __future__ import annotations

import hashlib
from pathlib import PurePath

from litestar import post
from litestar.datastructures import UploadFile
from litestar.exceptions import ClientException
from litestar.response import Redirect, Response

from app.sessions import seals
from app.sessions.seals import MOST_FILES
from app.sessions.sessions import SessionError
from app.web.lab import Query, lab_of
from app.web.researchers import ACTS, study_of, who_asks
from app.web.responses import problem

LARGEST = 20_000_000  # bytes of all files together


@post("/sessions/{session_id:str}/seals", needs=ACTS, request_max_body_size=LARGEST)
async def seal_session(request: Query, session_id: str) -> Response[str] | Redirect:
    to = f"/admin/sessions/{session_id}"
    await study_of(request, session_id)
    try:
        analysis = await _digests(request)
        async with lab_of(request).pool.connection() as conn, conn.transaction():
            await seals.seal(conn, session_id, analysis, who_asks(request).name)
    except SessionError as error:
        return problem(request, 422, str(error), to)
    return Redirect(f"{to}#seal", status_code=303)


async def _digests(request: Query) -> dict[str, str]:
    try:
        form = await request.form()
    except (LookupError, ValueError):
        raise ClientException("This was not sent as a form.") from None
    found: dict[str, str] = {}
    for file in form.getall("analysis", []):
        if not isinstance(file, UploadFile) or not (body := await file.read()):
            continue
        name = PurePath(file.filename.replace("\\", "/")).name[:200] or "analysis"
        if name in found:
            raise SessionError(f"There are two files called {name}. Rename one, and seal again.")
        found[name] = hashlib.sha256(body).hexdigest()
    if len(found) > MOST_FILES:
        raise SessionError(f"An analysis may have {MOST_FILES} files. Choose those that one reads.")
    return found


HANDLERS = [seal_session]
