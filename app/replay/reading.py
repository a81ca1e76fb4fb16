"""What a session's log is folded from: its events, and what there was to begin with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from app.database.connections import Connection
from app.database.events import Event
from app.database.queries import Queries, row, rows, value
from app.replay.fold import fold
from app.replay.state import Invited, Log, Then
from app.rooms.earlier import earlier_of
from app.rooms.seating_hook import Brought
from app.study.hooks.networklab import NOT_KNOWN

SQL = Queries(__name__)


@dataclass(frozen=True, slots=True)
class Span:
    """Of a session, from the first sign of life to the last event."""

    first: datetime
    last: datetime


async def read_span(conn: Connection, session_id: str) -> Span:
    """The session must be there."""
    span = await row(conn, Span, SQL["span"], session_id=session_id)
    assert span is not None
    return span


async def read_invited(conn: Connection, session_id: str) -> list[Invited]:
    return await rows(conn, Invited, SQL["invited_to"], session_id=session_id)


async def read_brought(conn: Connection, session_id: str) -> dict[int, Brought]:
    """What each player who came in said at the door, and came with."""
    found = await (await conn.execute(SQL["brought_by"], dict(session_id=session_id))).fetchall()
    told = await earlier_of(conn, [player_id for player_id, *_ in found])
    return {
        player_id: Brought(entry, given, told.get(player_id, NOT_KNOWN)) for player_id, entry, given in found
    }


async def read_logs(conn: Connection, session_id: str) -> list[Log]:
    return await rows(conn, Log, SQL["logs_of"], session_id=session_id)


async def read_events(conn: Connection, session_id: str) -> list[Event]:
    """Of all the session's logs, in the order of what happened."""
    return await rows(conn, Event, SQL["events_of"], session_id=session_id)


async def read_then(conn: Connection, session_id: str, at: datetime) -> Then:
    """The session at a moment. What folds into it is a small part of all that happened before."""
    where = dict(session_id=session_id, at=at)
    there = [one for one in await read_invited(conn, session_id) if not one.added_at or one.added_at <= at]
    invited, logs = there, await read_logs(conn, session_id)
    then = fold(invited, logs, await rows(conn, Event, SQL["events_that_tell"], **where))
    counted = await (await conn.execute(SQL["counted_until"], where)).fetchall()
    return replace(
        then,
        start_at=await value(conn, SQL["start_at_then"], **where),
        records={log_id: records for log_id, records, _ in counted},
        messages={log_id: messages for log_id, _, messages in counted},
    )
