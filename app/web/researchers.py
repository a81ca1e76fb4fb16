"""Which researcher is asking, and whether they may: the one guard of all their pages, by what each page `needs`."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, get_args

from litestar.connection import ASGIConnection
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.handlers.base import BaseRouteHandler

from app.database.connections import Connection
from app.database.events import EventName
from app.sessions import sessions
from app.sessions.sessions import SessionError
from app.study.model.study import Study
from app.web.access.granting import Right, RightsError
from app.web.access.logins import LoggedIn, find_login
from app.web.access.rights import SESSIONS, right_on
from app.web.access.security import write_refusal
from app.web.auth import ADMIN_COOKIE, address_of, cookie_in
from app.web.lab import Lab, Query, lab_of
from app.web.labs import brought

# What a handler says: @get("/sessions/{session_id:str}", needs=SEES). One that says nothing is refused to everybody.
Need = Literal["nobody", "account", "makes", "sees", "files", "acts", "owns"]
NOBODY: Need = "nobody"  # no log-in: it is there to get one
ACCOUNT: Need = "account"  # a log-in
MAKES: Need = "makes"  # … of somebody who may change something: uploads studies, opens sessions
SEES: Need = "sees"  # … of somebody who is on the session in the address
FILES: Need = "files"  # … and who may take its data and payments away
ACTS: Need = "acts"  # … or change something there
OWNS: Need = "owns"  # … or say who else is on it
REFUSALS: dict[Need, str] = {
    MAKES: "Your account only watches. Ask whoever runs the server for one that opens sessions.",
    FILES: "You watch this session, without its files and payments. Ask an owner of the session to allow them.",
    ACTS: "You watch this session, and change nothing here. Ask an owner of the session to do this.",
    OWNS: "Only an owner of the session may do this. Ask one of them.",
}
KeyOf = Callable[["ASGIConnection"], str]  # type: ignore[type-arg]
Find = Callable[[Connection, str], Awaitable[LoggedIn | None]]  # whom a key stands for


class NotLoggedIn(Exception):
    """It belongs to a researcher and no log-in came with the request, nor a token where tokens count."""


class NotOnSession(NotFoundException):
    """Nothing tells a session that one is not on from one that is not there."""


@dataclass(frozen=True, slots=True)
class Researcher:
    """Who is asking."""

    name: str
    login_id: int  # 0: a program asks, by a token
    right: Right | None  # on the session that the page is of
    observes: bool = False  # the account: it changes nothing anywhere

    @property
    def files(self) -> bool:
        return self.right is not None and self.right.files

    def reads(self, event: EventName) -> bool:
        """What somebody earned, or all of them were paid, is for those who may take the files."""
        return self.files or event not in ("player_earned", "recruiter_asked", "recruiter_answered")

    @property
    def owns(self) -> bool:
        return self.right is not None and self.right.owns

    @property
    def look(self) -> str:
        """Classes of a page's body, by which its styles leave out what would be refused."""
        right = self.right
        if right is None:
            return ""
        hidden = {"observer": not right.acts, "no-files": not right.files, "no-owner": not right.owns}
        return "".join(f" {name}" for name, holds in hidden.items() if holds)


async def admitted(connection: ASGIConnection, handler: BaseRouteHandler) -> None:  # type: ignore[type-arg]
    """The guard of pages. Raises as `let_in`."""
    await let_in(connection, handler, _cookie, find_login)


async def let_in(
    connection: ASGIConnection,  # type: ignore[type-arg]
    handler: BaseRouteHandler,
    key_of: KeyOf,
    find: Find,
) -> None:
    """Whom `find` finds by the key that came. Raises `NotLoggedIn`, a 404 for who is not on the session, and a 403 for
    who may not do this there."""
    if handler.opt.get("needs") not in get_args(Need):
        raise PermissionDeniedException("Nobody has said who may open this page.")
    need: Need = handler.opt["needs"]
    if need == NOBODY:
        return
    session_id = None if need in (ACCOUNT, MAKES) else connection.path_params["session_id"]
    who = await _asking(connection, session_id, key_of(connection), find)
    if need == MAKES and who.observes:
        raise PermissionDeniedException(REFUSALS[need])
    if session_id is not None and who.right is not None and not _may(who.right, need):
        await _note(connection, who.name, session_id)
        raise PermissionDeniedException(REFUSALS[need])
    connection.scope["state"]["researcher"] = who


def who_asks(connection: ASGIConnection) -> Researcher:  # type: ignore[type-arg]
    """Whom the guard has let in."""
    who: Researcher = connection.scope["state"]["researcher"]
    return who


def _cookie(connection: ASGIConnection) -> str:  # type: ignore[type-arg]
    return cookie_in(dict(connection.scope["headers"]), ADMIN_COOKIE)


def _may(right: Right, need: Need) -> bool:
    return {SEES: True, FILES: right.files, ACTS: right.acts, OWNS: right.owns}[need]


async def _asking(
    connection: ASGIConnection,  # type: ignore[type-arg]
    session_id: str | None,
    key: str,
    find: Find,
) -> Researcher:
    if not key:
        raise NotLoggedIn
    lab = lab_of(connection)
    found, right = await _known_there(lab, session_id, key, find)
    if found is None and await brought(connection, lab):
        found, right = await _known_there(lab, session_id, key, find)
    if found is None:
        raise NotLoggedIn
    if session_id is not None and right is None:
        raise await _not_on(connection, found.name, session_id)
    return Researcher(found.name, found.login_id, right, found.observes)


async def _known_there(
    lab: Lab, session_id: str | None, key: str, find: Find
) -> tuple[LoggedIn | None, Right | None]:
    async with lab.pool.connection() as conn:
        found = await find(conn, key)
        right = await right_on(conn, session_id, found.name) if found and session_id is not None else None
    return found, right


async def must_be_on(connection: ASGIConnection, session_id: str, lab: Lab | None = None) -> None:  # type: ignore[type-arg]
    """The same 404 for a page of several sessions, of each that it is asked for. `lab`: where it is, if not where the
    request is."""
    name = who_asks(connection).name
    async with (lab or lab_of(connection)).pool.connection() as conn:
        right = await right_on(conn, session_id, name)
    if right is None:
        raise await _not_on(connection, name, session_id)


async def must_still_own(conn: Connection, session_id: str, name: str) -> None:
    """Asked by what says who is on a session, as it says so: a body may come long after its head, and rights go
    meanwhile. Locks the session. Raises as the guard."""
    try:
        await SESSIONS.is_restricted(conn, session_id)
    except RightsError:
        raise _not_there(session_id) from None
    right = await right_on(conn, session_id, name)
    if right is None:
        raise _not_there(session_id)
    if not right.owns:
        raise PermissionDeniedException(REFUSALS[OWNS])


async def _not_on(connection: ASGIConnection, name: str, session_id: str) -> NotOnSession:  # type: ignore[type-arg]
    await _note(connection, name, session_id)
    return _not_there(session_id)


def _not_there(session_id: str) -> NotOnSession:
    return NotOnSession(
        f"There is no session “{session_id}” that you are on. Go on from the list of sessions."
    )


async def _note(connection: ASGIConnection, name: str, session_id: str) -> None:  # type: ignore[type-arg]
    """That somebody asked for what isn't theirs, in the security log."""
    if not re.fullmatch(r"[\w-]{1,100}", session_id):
        return  # no session has such a name
    page = f"{connection.scope.get('method', '')} {connection.scope.get('path_template', '')}"
    async with lab_of(connection).pool.connection() as conn:
        await write_refusal(conn, name, address_of(connection), session_id, page)


async def study_of(request: Query, session_id: str) -> Study:
    """Raises a 404 for a session that is not there."""
    lab = lab_of(request)
    async with lab.pool.connection() as conn:
        try:
            await sessions.find_session(conn, session_id)
        except SessionError:
            raise _not_there(session_id) from None
    return await lab.studies.of(session_id)
