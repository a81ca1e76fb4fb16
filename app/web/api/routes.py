"""The HTTP interface for scripts and courses: what a researcher's pages do, by the same functions, with a token."""

from __future__ import annotations

from litestar import Router

from app.web.api import data, sessions, studies
from app.web.api.bearer import admitted_by_token

AT = "/api/v1"


def router() -> Router:
    handlers = [*studies.HANDLERS, *sessions.HANDLERS, *data.HANDLERS]
    return Router(AT, guards=[admitted_by_token], route_handlers=handlers)
