"""Stops: a room, or the seating of a session, in which a hook could not decide waits until it is to try again.

A researcher lets it, on its page or by putting a mended hooks.py in the place of the session's: `sessions/mending.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.database.connections import Connection
from app.database.queries import Queries, row, value
from app.study.hooks.pool import Failure

SQL = Queries(__name__)


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a room waits: the hook, what went wrong on which `line` of hooks.py (0: none in particular), what it was
    given, as Python writes it, and what it printed."""

    hook: str
    sentence: str
    line: int
    values: str
    printed: str
    at: datetime


async def stop(conn: Connection, room_id: int, failure: Failure) -> None:
    """The room, whose row is locked, waits from now on; its players are told so, and its page says why."""
    await conn.execute(SQL["stop_room"], dict(room_id=room_id, why=failure.as_json()))


async def stop_at(conn: Connection, room_id: int, position: int, failure: Failure) -> None:
    """The same of a room that nobody has locked, where it is still there and has not stopped yet."""
    async with conn.transaction():
        if await value(conn, SQL["lock_there"], room_id=room_id, position=position) is not None:
            await stop(conn, room_id, failure)


async def why_stopped(conn: Connection, room_id: int) -> Stop | None:
    return await row(conn, Stop, SQL["why_stopped"], room_id=room_id)


async def retry(
    conn: Connection, session_id: str, room_id: int | None = None, at: datetime | None = None
) -> int:
    """This room, or all, decide again on what was said and computed until then, and have the time for which they stood
    still: how many do.

    `at`: only what stopped then.
    """
    what = dict(session_id=session_id, room_id=room_id, at=at)
    await conn.execute(SQL["give_back"], what)
    return len(await (await conn.execute(SQL["retry"], what)).fetchall())


async def retry_seating(conn: Connection, session_id: str, at: datetime | None = None) -> bool:
    """Seating asks its hook again, if it has stopped, and `at` that moment."""
    return await value(conn, SQL["retry_seating"], session_id=session_id, at=at) is not None
