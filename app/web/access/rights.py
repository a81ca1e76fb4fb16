"""Rights: who is on a session, and as what. Without a word on that, everybody with an account is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from app.database.connections import Connection
from app.database.queries import Queries, row, rows, value
from app.web.access import security

SQL = Queries(__name__)
Role = Literal["owner", "colleague", "observer"]
ROLES: tuple[Role, ...] = get_args(Role)


class RightsError(Exception):
    """A right that can't be given or taken; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Right:
    role: Role
    takes_files: bool  # of an observer: the export and the payments as well

    @property
    def acts(self) -> bool:
        return self.role != "observer"

    @property
    def files(self) -> bool:
        return self.acts or self.takes_files

    @property
    def owns(self) -> bool:
        return self.role == "owner"


@dataclass(frozen=True, slots=True)
class GivenRight(Right):
    account: str
    observes: bool  # the account: it watches everywhere
    given_by: str
    given_at: datetime


@dataclass(frozen=True, slots=True)
class GoesOn:
    """A session that goes on from another one."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class _On(Right):
    session_id: str


async def right_on(conn: Connection, session_id: str, name: str) -> Right | None:
    """None for who is not on the session, and for a session that is not there."""
    return await row(conn, Right, SQL["right_on"], session_id=session_id, name=name)


async def rights_of(conn: Connection, name: str) -> dict[str, Right]:
    """By session: those that this account may see."""
    return {one.session_id: one for one in await rows(conn, _On, SQL["rights_of"], name=name)}


async def given_on(conn: Connection, session_id: str) -> list[GivenRight]:
    """Those that were given, owners first; none where everybody with an account is on the session."""
    return await rows(conn, GivenRight, SQL["given_on"], session_id=session_id)


async def everybodys_later(conn: Connection, session_id: str) -> list[GoesOn]:
    """Sessions that go on from this one, with its people and what they said, on which everybody with an account is."""
    return await rows(conn, GoesOn, SQL["everybodys_later"], session_id=session_id)


async def give(
    conn: Connection, session_id: str, name: str, role: Role, by: str, takes_files: bool = False
) -> None:
    """From now on only those see the session to whom a right on it was given. Raises `RightsError`.

    Where nobody had been given one, somebody has to be its owner first.
    """
    await _lock(conn, session_id)
    observes = await value(conn, SQL["observes"], name=name)
    if observes is None:
        raise RightsError(
            f"There is no account “{name[:100]}”. `networklab admin list` lists those there are."
        )
    if observes and role != "observer":
        raise RightsError(f"The account {name} only watches. Let it be an observer.")
    files = takes_files and role == "observer"
    given = dict(session_id=session_id, name=name, role=role, takes_files=files, by=by)
    await conn.execute(SQL["give"], given)
    await conn.execute(SQL["restrict"], dict(session_id=session_id, restricted=True))
    await _keep_an_owner(conn, session_id)
    await security.write(conn, "right_given", by, "", session_id, name, role=role, files=files)


async def give_as_on(conn: Connection, session_id: str, other_id: str, by: str) -> bool:
    """To a session that was just opened, the rights on another one. Whether there are any: that may be everybody's."""
    if await value(conn, SQL["give_as_on"], session_id=session_id, other_id=other_id, by=by) is None:
        return False
    for one in await given_on(conn, session_id):
        how = dict(role=one.role, files=one.takes_files)
        await security.write(conn, "right_given", by, "", session_id, one.account, **how)
    return True


async def take(conn: Connection, session_id: str, name: str, by: str) -> None:
    """Raises `RightsError`."""
    await _lock(conn, session_id)
    if await value(conn, SQL["take"], session_id=session_id, name=name) is None:
        raise RightsError(f"{name[:100]} was given no right on this session.")
    await _keep_an_owner(conn, session_id)
    await security.write(conn, "right_taken", by, "", session_id, name)


async def open_to_all(conn: Connection, session_id: str, by: str) -> None:
    """Everybody with an account is on the session again."""
    await _lock(conn, session_id)
    await conn.execute(SQL["take_all"], dict(session_id=session_id))
    await conn.execute(SQL["restrict"], dict(session_id=session_id, restricted=False))
    await security.write(conn, "opened_to_all", by, "", session_id)


async def owned_by_nobody(conn: Connection) -> list[str]:
    """Sessions whose owners' accounts were removed, or only watch."""
    cursor = await conn.execute(SQL["owned_by_nobody"])
    return [session_id for (session_id,) in await cursor.fetchall()]


async def is_restricted(conn: Connection, session_id: str) -> bool:
    """Whether only those are on it to whom a right was given. Locks the session."""
    return await _lock(conn, session_id)


async def _lock(conn: Connection, session_id: str) -> bool:
    restricted = await value(conn, SQL["lock_session"], session_id=session_id)
    if restricted is None:
        raise RightsError(
            f"There is no session “{session_id[:100]}”. `networklab sessions` lists those there are."
        )
    return bool(restricted)


async def _keep_an_owner(conn: Connection, session_id: str) -> None:
    if not any(one.owns and not one.observes for one in await given_on(conn, session_id)):
        raise RightsError(
            "A session that not everybody sees has an owner. Make somebody else its owner first."
        )
