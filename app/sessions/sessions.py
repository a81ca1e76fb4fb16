"""Sessions: one run of a study with one list of players."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from psycopg.errors import UniqueViolation

from app.database.connections import Connection
from app.database.queries import Queries, row, value
from app.database.queries import rows as typed_rows
from app.players import door, players
from app.players.door import Places
from app.players.people import Person
from app.players.tokens import new_token
from app.rooms import lobby
from app.study.model.study import Study
from app.study.stored import add_files

SQL = Queries(__name__)


class SessionError(Exception):
    """What was asked of a session cannot be done; the text says why and what to do."""


class OpenedAlready(SessionError):
    """By another request with the same form, at this moment."""


@dataclass(frozen=True, slots=True)
class Session:
    id: str
    name: str
    seed: int
    status: str  # open, running, paused or closed
    opened_at: datetime
    start_at: datetime | None  # when it starts by itself; None: when somebody starts it
    started_at: datetime | None
    paused_at: datetime | None
    closed_at: datetime | None
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class SessionLine(Session):
    """A session with its counts, for lists."""

    players: int
    signed_in: int
    rooms: int
    records: int

    def is_found_by(self, words: str) -> bool:
        """Whether each word stands in its name, its id, its state or the day on which it was opened (UTC)."""
        said = f"{self.name} {self.id} {self.status} {self.opened_at.astimezone(UTC):%Y-%m-%d}".casefold()
        return all(word in said for word in words.casefold().split())


async def open_session(
    conn: Connection,
    study: Study,
    people: Sequence[Person],
    name: str | None = None,
    start_at: datetime | None = None,
    places: Places | None = None,
    form: str = "",
) -> Session:
    """A new session with its door open: people can sign in and wait. `start_at`: when it starts by itself.

    `places`: of its one link for everybody; None: it has none. `form`: by which it was asked for, "" by none.
    Raises `OpenedAlready`.
    """
    new = dict(id=new_token(8), name=name or study.title, seed=secrets.randbits(62), sha256=study.sha256)
    try:
        session_id: str = await value(conn, SQL["add_session"], **new, start_at=start_at, form=form or None)
    except UniqueViolation as error:
        if error.diag.constraint_name != "one_form_one_session":
            raise
        raise OpenedAlready(
            "This form has opened a session already. It is on the list of sessions."
        ) from None
    await add_files(conn, session_id, study)
    await conn.execute(SQL["add_lobby"], dict(id=session_id))
    await players.invite(conn, session_id, people)
    if places is not None:
        await door.add_door(conn, session_id, places)
    return await find_session(conn, session_id)


async def find_session(conn: Connection, session_id: str) -> Session:
    found = await row(conn, Session, SQL["find_session"], id=session_id)
    if found is None:
        raise SessionError(
            f"There is no session “{session_id}”. `networklab sessions` lists those there are."
        )
    return found


async def all_sessions(conn: Connection) -> list[Session]:
    """The newest first, and those that are archived behind them. Nothing is counted: to choose among takes no more."""
    return await typed_rows(conn, Session, SQL["all_sessions"])


async def list_sessions(conn: Connection, archived: bool = False) -> list[SessionLine]:
    """Those that are not archived, or those that are; the newest first."""
    return await typed_rows(conn, SessionLine, SQL["list_sessions"], archived=archived)


async def archive(conn: Connection, session_id: str, away: bool = True) -> str:
    """Out of the list of sessions, or, not `away`, into it again. Nothing is deleted, and its page stays."""
    session = await lock_as(conn, session_id, "")
    if session.status != "closed":
        raise SessionError(f"{session.name} is {session.status}. Close it first: only then is it done with.")
    if away == (session.archived_at is not None):
        return f"{session.name} is {'archived already' if away else 'on the list already'}; nothing changed."
    await conn.execute(SQL["archive"], dict(id=session_id, away=away))
    if away:
        return f"{session.name} is archived: out of the list, and nothing of it is deleted."
    return f"{session.name} is on the list of sessions again."


async def sessions_with(conn: Connection, sha256: str) -> list[Session]:
    """Those that run this very study, the newest first."""
    return await typed_rows(conn, Session, SQL["sessions_with"], sha256=sha256)


async def opened_by(conn: Connection, form: str) -> str | None:
    """The session that this form has opened; None: it has not come yet."""
    found: str | None = await value(conn, SQL["opened_by"], form=form)
    return found


async def people_playing(conn: Connection) -> int:
    """Who is in, of all sessions that are not closed."""
    found: int = await value(conn, SQL["people_playing"])
    return found


async def people_expected(conn: Connection) -> int:
    """Who is in, or invited, of all sessions that are not closed."""
    found: int = await value(conn, SQL["people_expected"])
    return found


async def lock_as(conn: Connection, session_id: str, by: str) -> Session:
    """Lock the session and its lobby; what this transaction does is logged as done by `by`.

    Raises `SessionError` for one that is being moved to another database.
    """
    await conn.execute(SQL["act_as"], dict(by=by))
    found = await row(conn, Session, SQL["lock_session"], id=session_id)
    if found is None:
        return await find_session(conn, session_id)
    await lobby.lock(conn, session_id)
    await _refuse_leaving(conn, found)
    return found


async def keep_here(conn: Connection, session_id: str) -> None:
    """Nobody begins to move it to another database before this transaction ends. Raises `SessionError` as `lock_as`."""
    found = await row(conn, Session, SQL["share_session"], id=session_id)
    await _refuse_leaving(conn, found or await find_session(conn, session_id))


async def _refuse_leaving(conn: Connection, session: Session) -> None:
    if cluster := await value(conn, SQL["leaving_for"], id=session.id):
        raise SessionError(
            f"{session.name} is being moved to the database {cluster}, and nothing is done to it meanwhile. If that was"
            " broken off, whoever moved it finishes it by the same command again."
        )
