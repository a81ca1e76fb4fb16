"""The HTTP interface for scripts and courses: what a researcher's pages do, by the same functions, with a token."""

from __future__ import annotations

from litestar import Router
from litestar.response import Response
from litestar.types import ExceptionHandlersMap

from app.players.lists import PeopleError
from app.sessions.sessions import SessionError
from app.sessions.starts import StartError
from app.study.model.fields import FieldError
from app.web.api import data, deeds, sessions, studies
from app.web.api.bearer import admitted_by_token
from app.web.api.bodies import ApiRequest
from app.web.api.deeds import NotOpened
from app.web.lab import Query
from app.web.responses import problem, told_to_program
from app.web.studies.checking import CheckError
from app.web.studies.rehearsing import RehearsalRefused
from app.web.studies.uploads import UploadError

AT = "/api/v1"
STATUS: dict[type[Exception], int] = {  # as pages answer them
    StartError: 422,
    SessionError: 409,
    FieldError: 422,
    PeopleError: 422,
    UploadError: 422,
    CheckError: 422,
    RehearsalRefused: 409,
}


def router() -> Router:
    handlers = [*studies.HANDLERS, *sessions.HANDLERS, *deeds.HANDLERS, *data.HANDLERS]
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
