"""The HTTP interface for scripts and courses: what a researcher's pages do, by the same functions, with a token."""

from __future__ import annotations

from functools import cache
from typing import Any

from litestar import Router, get
from litestar.response import Response
from litestar.types import ExceptionHandlersMap

from app import __version__
from app.players.lists import PeopleError
from app.recruiters.recruiter import RecruitingError
from app.sessions.sessions import SessionError
from app.sessions.starts import StartError
from app.study.model.fields import FieldError
from app.study.syntax.mistakes import StudyError
from app.web.access.granting import RightsError
from app.web.api import data, deeds, granted, players, recruiters, reviewed, rooms, sessions, studies
from app.web.api.bearer import admitted_by_token
from app.web.api.bodies import ApiRequest
from app.web.api.deeds import NotOpened
from app.web.api.description import ABOUT, addresses, document
from app.web.lab import Query
from app.web.researchers import NOBODY
from app.web.responses import page, problem, told_to_program
from app.web.studies.checking import CheckError
from app.web.studies.rehearsing import RehearsalRefused
from app.web.studies.uploads import UploadError

AT = "/api/v1"
STATUS: dict[type[Exception], int] = {  # as pages answer them
    StartError: 422,
    SessionError: 409,
    RightsError: 409,
    FieldError: 422,
    PeopleError: 422,
    UploadError: 422,
    CheckError: 422,
    RehearsalRefused: 409,
    RecruitingError: 409,
    StudyError: 422,
}


@get("/", needs=NOBODY, media_type="text/html")
async def interface_page(request: Query) -> Response[str]:
    """All of this, as a page."""
    told = dict(addresses=addresses(_document()), about=ABOUT, version=__version__)
    return page("admin/interface.html", told)


@get("/openapi.json", needs=NOBODY)
async def openapi_json(request: Query) -> dict[str, Any]:
    """All of this, as OpenAPI 3.1 describes it."""
    return _document()


@cache
def _document() -> dict[str, Any]:
    return document(router())


def router() -> Router:
    handlers = [
        interface_page,
        openapi_json,
        *studies.HANDLERS,
        *sessions.HANDLERS,
        *deeds.HANDLERS,
        *players.HANDLERS,
        *rooms.HANDLERS,
        *recruiters.HANDLERS,
        *data.HANDLERS,
        *reviewed.HANDLERS,
        *granted.HANDLERS,
    ]
    refusals: ExceptionHandlersMap = {NotOpened: _not_opened, **dict.fromkeys(STATUS, _refused)}
    return Router(
        AT,
        guards=[admitted_by_token],
        route_handlers=handlers,
        exception_handlers=refusals,
        request_class=ApiRequest,
    )


def _refused(request: Query, error: Exception) -> Response[str]:
    """The sentence that a page shows. None of these left anything done."""
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    return problem(request, status, str(error))


def _not_opened(_: Query, error: NotOpened) -> Response[str]:
    return told_to_program(422, str(error), wrong=error.wrong)
