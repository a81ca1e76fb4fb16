"""Which researcher is asking, whether they may change something, and the study of the session that they ask about."""

from __future__ import annotations

from litestar.connection import ASGIConnection
from litestar.exceptions import NotFoundException, PermissionDeniedException

from app.sessions import sessions
from app.sessions.sessions import SessionError
from app.study.model.study import Study
from app.web import accounts
from app.web.accounts import Researcher
from app.web.auth import ADMIN_COOKIE
from app.web.lab import Query, lab_of


class NotLoggedIn(Exception):
    """The page belongs to a researcher and no log-in came with the request."""


async def logged_in(connection: ASGIConnection) -> Researcher:  # type: ignore[type-arg]
    """Raises `NotLoggedIn`."""
    key = connection.cookies.get(ADMIN_COOKIE, "")
    if key:
        async with lab_of(connection).pool.connection() as conn:
            account = await accounts.account_of(conn, key)
        if account is not None:
            return account
    raise NotLoggedIn


async def owner(connection: ASGIConnection) -> str:  # type: ignore[type-arg]
    """The name of an account that may change something. Raises `NotLoggedIn`, and a 403 for one that only watches."""
    account = await logged_in(connection)
    if account.observes:
        raise PermissionDeniedException(
            "Your account watches and changes nothing. Ask an owner of the session to do this."
        )
    return account.name


async def study_of(request: Query, session_id: str) -> Study:
    """Raises a 404 for a session that is not there."""
    lab = lab_of(request)
    async with lab.pool.connection() as conn:
        try:
            await sessions.find_session(conn, session_id)
        except SessionError as error:
            raise NotFoundException(str(error)) from None
    return await lab.studies.of(session_id)
