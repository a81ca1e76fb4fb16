"""Whom and what a command means, by the names that a researcher reads: a player's label, a room's name."""

from __future__ import annotations

from app.commands.arguments import Refusal
from app.database.connections import Connection
from app.players.players import number_of
from app.web.monitor.ticks import RoomLine, room_line


async def player_called(conn: Connection, session_id: str, label: str) -> int:
    """Their number. Raises `Refusal`."""
    found = await number_of(conn, session_id, label)
    if found is None:
        raise Refusal(
            f"Nobody in {session_id} is called “{label[:100]}”. `networklab players {session_id}` lists them."
        )
    return found


async def room_called(conn: Connection, session_id: str, name: str) -> RoomLine:
    """Raises `Refusal`."""
    if found := await room_line(conn, session_id, name):
        return found
    raise Refusal(f"{session_id} has no room “{name[:100]}”. `networklab rooms {session_id}` lists them.")
