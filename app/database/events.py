"""Logs and their events: what happened, in order, one log a room and one a session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.database.connections import Connection
from app.database.queries import Queries, rows

SQL = Queries(__name__)


@dataclass(frozen=True, slots=True)
class Event:
    log_id: int
    seq: int
    name: str
    player_id: int | None
    data: dict[str, Any]
    at: datetime


async def events_after(conn: Connection, cursors: dict[int, int], most: int) -> list[Event]:
    """Up to `most` events of each log in `cursors` (log → last sequence seen), by log and in order."""
    return await rows(
        conn, Event, SQL["events_after"], logs=list(cursors), seqs=list(cursors.values()), most=most
    )
