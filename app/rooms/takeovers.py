"""Takeovers: who or what takes a slot over from somebody who leaves a room that goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.database.connections import Connection
from app.database.queries import Queries, rows, value
from app.players import players
from app.rooms import opening
from app.rooms.seating import Vacancy
from app.study.model.study import Study

SQL = Queries(__name__)


@dataclass(frozen=True, slots=True)
class StandIn:
    """Somebody who waits and fits a slot."""

    id: int
    label: str
    type: str
    waiting_since: datetime


async def standbys_for(
    conn: Connection, player: players.Player, present: float | None = None
) -> list[StandIn]:
    """Who waits and could take this player's slot, the longest first; nobody if that is taken already.

    `present`: only those who gave a sign within so many seconds.
    """
    if player.status not in ("playing", "left"):
        return []
    return await rows(conn, StandIn, SQL["standbys_for"], player_id=player.id, present=present)


async def heir_of(conn: Connection, player_id: int, newcomer_id: int) -> str | None:
    """The newcomer's label, if they have had this player's slot after them."""
    found: str | None = await value(conn, SQL["heir_of"], player_id=player_id, newcomer_id=newcomer_id)
    return found


async def take_over(
    conn: Connection, study: Study, player: players.Player, newcomer_id: int, outcome: str
) -> None:
    """The newcomer, who waits, goes on in this player's slot. Lobby, room and player must be locked."""
    await players.log_arrivals(conn, [newcomer_id])
    await players.leave(conn, [player.id], outcome, study, "standby")
    await _hand_over(conn, player, newcomer_id)


async def vacancies(conn: Connection, session_id: str, study: Study) -> tuple[list[Vacancy], bool]:
    """The slots that are empty where the study wants them taken, in rooms that are locked now; and whether some rooms
    that have one were busy.

    It wants that at each step at which it is the first thing to do about somebody who leaves, before the room goes on
    smaller. The lobby must be locked. No lock is waited for: who calls may hold the session's log already.
    """
    steps = [step.name for step in study.steps if "standby" in step.dropout.then]
    if not steps:
        return [], False
    found = await conn.execute(SQL["rooms_with_vacancies"], dict(session_id=session_id, steps=steps))
    room_ids = [room_id for (room_id,) in await found.fetchall()]
    if not room_ids:
        return [], False
    found = await conn.execute(SQL["lock_if_free"], dict(room_ids=room_ids, steps=steps))
    locked = [room_id for (room_id,) in await found.fetchall()]
    return await rows(conn, Vacancy, SQL["vacancies"], room_ids=locked), len(locked) < len(room_ids)


async def fill(conn: Connection, takes: Sequence[tuple[Vacancy, int]]) -> None:
    """Each of these players, who wait, goes on in that slot. Lobby and rooms must be locked."""
    for vacancy, newcomer_id in takes:
        player = await players.find_player(conn, vacancy.player_id)
        assert player is not None
        await _hand_over(conn, player, newcomer_id)


async def _hand_over(conn: Connection, player: players.Player, newcomer_id: int) -> None:
    """The newcomer sits down where this player, who has left, was."""
    assert player.room_id is not None and player.slot is not None
    await conn.execute(SQL["give_up_slot"], dict(player_id=player.id))
    await conn.execute(SQL["set_bot"], dict(room_id=player.room_id, slot=player.slot, bot=False))
    # The slot's treatment stays: the room goes on with as many of each.
    await opening.seat_players(conn, [(newcomer_id, player.room_id, player.slot, player.treatment)])


async def give_to_bot(conn: Connection, player: players.Player) -> None:
    """A bot plays on in the slot of this player, who has left. The room must be locked."""
    await conn.execute(SQL["set_bot"], dict(room_id=player.room_id, slot=player.slot, bot=True))
