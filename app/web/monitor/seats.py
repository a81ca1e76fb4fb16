"""Seats: what each person in a room is doing, as its page says beside their name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.database.connections import Connection
from app.database.queries import Queries, rows
from app.rooms.rooms import Room, Seat

SQL = Queries(__name__)


@dataclass(frozen=True, slots=True)
class Doing:
    player_id: int
    answers: Mapping[str, str] | None  # by field, the newest version; None: nothing at this step
    answered_at: datetime | None
    sign_at: datetime | None  # answered, wrote, sat down, or their page gave a sign


async def doing(conn: Connection, room: Room, seats: Sequence[Seat]) -> dict[int, Doing]:
    """By player, of those who sit there, at the step that is open or was the last."""
    found = await rows(
        conn,
        Doing,
        SQL["doing"],
        room_id=room.id,
        step=room.last_step or room.step,
        round=room.last_round or room.round,
        player_ids=[seat.player_id for seat in seats if seat.player_id is not None],
    )
    return {one.player_id: one for one in found}
