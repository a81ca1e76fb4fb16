"""Which researcher is asking, and whether they may: the one guard of all their pages, by what each page `needs`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from litestar.connection import ASGIConnection
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.handlers.base import BaseRouteHandler

from app.sessions import sessions
from app.sessions.sessions import SessionError
from app.study.model.study import Study
from app.web.access.logins import find_login
from app.web.auth import ADMIN_COOKIE
from app.web.lab import Query, lab_of

# What a handler says: @get("/sessions/{session_id:str}", needs=SEES). One that says nothing is refused to everybody.
Need = Literal["nobody", "account", "sees", "acts"]
NOBODY: Need = "nobody"  # no log-in: it is there to get one
ACCOUNT: Need = "account"  # a log-in
SEES: Need = "sees"  # … of somebody who may look at the session in the address
ACTS: Need = "acts"  # … and who may change something there


class NotLoggedIn(Exception):
    """The page belongs to a researcher and no log-in came with the request."""


@dataclass(frozen=True, slots=True)
class Researcher:
    """Who is asking."""

    name: str
    login_id: int
    observes: bool  # changes nothing here


async def admitted(connection: ASGIConnection, handler: BaseRouteHandler) -> None:  # type: ignore[type-arg]
    """Raises `NotLoggedIn`, and a 403 for who may not do this."""
    need: Need | None = handler.opt.get("needs")
    if need == NOBODY:
        return
    who = await _asking(connection)
    if need == ACTS and who.observes:
        raise PermissionDeniedException(
            "Your account watches and changes nothing. Ask an owner of the session to do this."
        )
    if need not in (ACCOUNT, SEES, ACTS):
        raise PermissionDeniedException("Nobody has said who may open this page.")
    connection.scope["state"]["researcher"] = who


def who_asks(connection: ASGIConnection) -> Researcher:  # type: ignore[type-arg]
    """Whom the guard has let in."""
    who: Researcher = connection.scope["state"]["researcher"]
    return who


async def _asking(connection: ASGIConnection) -> Researcher:  # type: ignore[type-arg]
    key = connection.cookies.get(ADMIN_COOKIE, "")
    if key:
        async with lab_of(connection).pool.connection() as conn:
            found = await find_login(conn, key)
        if found is not None:
            return Researcher(found.name, found.login_id, found.observes)
    raise NotLoggedIn


async def study_of(request: Query, session_id: str) -> Study:
    """Raises a 404 for a session that is not there."""
    lab = lab_of(request)
    async with lab.pool.connection() as conn:
        try:
            await sessions.find_session(conn, session_id)
        except SessionError as error:
            raise NotFoundException(str(error)) from None
    return await lab.studies.of(session_id)
