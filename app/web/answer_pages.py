"""The researcher's page of what all have said so far."""

from __future__ import annotations

from litestar import get
from litestar.response import Response

from app.sessions.sessions import find_session
from app.web import templates
from app.web.lab import Query, lab_of
from app.web.monitor.answers import answered
from app.web.researchers import SEES, study_of, who_asks
from app.web.responses import page, piece


@get("/sessions/{session_id:str}/answers", needs=SEES)
async def answers_page(request: Query, session_id: str) -> Response[str]:
    lab, study = lab_of(request), await study_of(request, session_id)
    async with lab.pool.connection() as conn:
        session = await find_session(conn, session_id)
        found = await answered(conn, session_id, study)
    context = dict(session=session, study=study, questions=found, who=who_asks(request))
    if "hx-request" in request.headers:
        return piece(templates.render("admin/_answers.html", **context))
    return page("admin/answers.html", context)


HANDLERS = [answers_page]
