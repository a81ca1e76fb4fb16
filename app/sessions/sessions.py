"""Sessions: one run of a study with one list of players."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.database.connections import Connection, Pool
from app.database.queries import Queries, row, value
from app.database.queries import rows as typed_rows
from app.players import players
from app.players.people import Person, new_token
from app.rooms import rooms
from app.study.model.study import Study
from app.study.reading import parse

SQL = Queries(__name__)


class SessionError(Exception):
    """What was asked of a session cannot be done; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Session:
    id: str
    name: str
    seed: int
    status: str  # open, running, paused or closed
    opened_at: datetime
    started_at: datetime | None
    paused_at: datetime | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class SessionLine(Session):
    """A session with its counts, for lists."""

    players: int
    signed_in: int
    rooms: int
    records: int


class Studies:
    """Each session's study, read from the database once: only its hooks ever change, and only `current` must know."""

    def __init__(self, pool: Pool) -> None:
        self.pool, self.known = pool, dict[str, Study]()
        self.reading: dict[str, asyncio.Task[None]] = {}

    async def of(self, session_id: str) -> Study:
        while session_id not in self.known:
            # After a restart hundreds ask at the same moment: one reads for all.
            if session_id not in self.reading:
                self.reading[session_id] = asyncio.create_task(self._read(session_id))
            await asyncio.shield(self.reading[session_id])
        return self.known[session_id]

    async def current(self, conn: Connection, session_id: str) -> Study:
        """As it is in this transaction: its hooks may have been mended since it was read."""
        study = await self.of(session_id)
        if study.sha256 != await value(conn, SQL["fingerprint"], id=session_id):
            study = self.known[session_id] = await read_study(conn, session_id)
        return study

    async def _read(self, session_id: str) -> None:
        try:
            async with self.pool.connection() as conn:
                study = await read_study(conn, session_id)
            for network in study.networks:
                await asyncio.to_thread(network.get_ready)
            self.known[session_id] = study
        finally:
            del self.reading[session_id]


async def open_session(
    conn: Connection, study: Study, people: Sequence[Person], name: str | None = None
) -> Session:
    """A new session with its door open: people can sign in and wait."""
    session_id = new_token(8)
    await conn.execute(
        SQL["add_session"],
        dict(id=session_id, name=name or study.title, seed=secrets.randbits(62), sha256=study.sha256),
    )
    await _add_files(conn, session_id, study)
    await conn.execute(SQL["add_lobby"], dict(id=session_id))
    await players.invite(conn, session_id, people)
    return await find_session(conn, session_id)


async def find_session(conn: Connection, session_id: str) -> Session:
    found = await row(conn, Session, SQL["find_session"], id=session_id)
    if found is None:
        raise SessionError(
            f"There is no session “{session_id}”. `networklab sessions` lists those there are."
        )
    return found


async def list_sessions(conn: Connection) -> list[SessionLine]:
    return await typed_rows(conn, SessionLine, SQL["list_sessions"])


async def read_study(conn: Connection, session_id: str) -> Study:
    found = await (await conn.execute(SQL["study_files"], dict(id=session_id))).fetchall()
    return parse(dict(found), opened=True)


async def put_study(conn: Connection, session_id: str, study: Study) -> None:
    """In place of the one that the session has."""
    await conn.execute(SQL["forget_study_files"], dict(id=session_id))
    await _add_files(conn, session_id, study)
    await conn.execute(SQL["put_fingerprint"], dict(id=session_id, sha256=study.sha256))


async def start(conn: Connection, session_id: str, by: str) -> str:
    """Seating begins. Returns a sentence for the researcher; again changes nothing."""
    session = await lock(conn, session_id, by)
    if session.status == "open":
        await conn.execute(SQL["start_session"], dict(id=session_id))
        await conn.execute(SQL["look_again"], dict(id=session_id))
        return f"Started {session.name}: seating begins."
    return _already(session)


async def pause(conn: Connection, session_id: str, by: str) -> str:
    """Everything stands still until `resume`, which moves every deadline by the length of the pause."""
    session = await lock(conn, session_id, by)
    if session.status == "running":
        await conn.execute(SQL["pause_session"], dict(id=session_id))
        return f"Paused {session.name}: every deadline waits."
    return _already(session)


async def resume(conn: Connection, session_id: str, by: str) -> str:
    session = await lock(conn, session_id, by)
    if session.status == "paused":
        assert session.paused_at is not None
        resumed_at = await shift(conn, session_id, session.paused_at)
        await conn.execute(SQL["resume_session"], dict(id=session_id, resumed_at=resumed_at))
        return f"Resumed {session.name}."
    return _already(session)


async def shift(conn: Connection, session_id: str, since: datetime) -> datetime:
    """Every deadline and every wait moves by the time from `since` to now: backward, if `since` is still to come.

    Returns the moment that counted as now.
    """
    await conn.execute(SQL["lock_rooms_of_session"], dict(id=session_id))
    await conn.execute(SQL["lock_waiting_players"], dict(id=session_id))
    # One moment for all, and after the wait for the locks: that belongs to the pause.
    now: datetime = await value(conn, SQL["moment"])
    gap = dict(id=session_id, since=since, until=now)
    await conn.execute(SQL["shift_waiting"], gap)
    await conn.execute(SQL["shift_rooms"], gap)
    await conn.execute(SQL["look_again"], gap)
    return now


async def close(conn: Connection, session_id: str, by: str) -> str:
    """Nobody comes in any more, rooms end, everyone who signed in gets a code."""
    session = await lock(conn, session_id, by)
    if session.status == "closed":
        return f"{session.name} is closed already; nothing changed."
    study = await read_study(conn, session_id)
    locked = await conn.execute(SQL["lock_rooms_of_session"], dict(id=session_id))
    room_ids = [room_id for (room_id,) in await locked.fetchall()]
    await conn.execute(SQL["lock_waiting_players"], dict(id=session_id))
    await players.leave_lobby(conn, session_id, study)
    await rooms.end(conn, room_ids, "closed", study)
    await conn.execute(SQL["close_session"], dict(id=session_id))
    return f"Closed {session.name}: the door is shut and everyone who came has a code."


async def lock(conn: Connection, session_id: str, by: str) -> Session:
    """Lock the session and its lobby; what this transaction does is logged as done by `by`."""
    await conn.execute(SQL["act_as"], dict(by=by))
    found = await row(conn, Session, SQL["lock_session"], id=session_id)
    if found is None:
        return await find_session(conn, session_id)
    await rooms.lock_lobby(conn, session_id)
    return found


ACTIONS = {"start": start, "pause": pause, "resume": resume, "close": close}


async def _add_files(conn: Connection, session_id: str, study: Study) -> None:
    files = dict(paths=list(study.files), bodies=list(study.files.values()))
    await conn.execute(SQL["add_study_files"], dict(id=session_id) | files)


def _already(session: Session) -> str:
    if session.status == "open":
        raise SessionError(f"{session.name} has not started. Start it first.")
    if session.status == "closed":
        raise SessionError(f"{session.name} is closed. Open a new session to run the study again.")
    return f"{session.name} is {session.status} already; nothing changed."
