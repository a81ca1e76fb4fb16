"""Slots: who or what takes one over from somebody who leaves a room that goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.database.connections import Connection
from app.database.queries import Queries, rows
from app.players import players
from app.rooms import opening
from app.rooms.seating import Waiting
from app.study.model.study import ANY, Study

SQL = Queries(__name__)


@dataclass(frozen=True, slots=True)
class Standby:
    """Somebody who waits and fits a slot."""

    id: int
    label: str
    type: str
    waiting_since: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """A slot that nobody has taken since this player left it, in a room that goes on."""

    player_id: int
    type: str  # that the slot asks for


@dataclass(frozen=True, slots=True)
class Filled:
    """Who has taken a place now, and whether some could not be looked at since their rooms were busy."""

    player_ids: frozenset[int] = frozenset()
    busy: bool = False


async def standbys_for(conn: Connection, player: players.Player) -> list[Standby]:
    """Who waits and could take this player's slot, the longest first; nobody if that is taken already."""
    if player.status not in ("playing", "left"):
        return []
    return await rows(conn, Standby, SQL["standbys_for"], player_id=player.id)


async def take_over(
    conn: Connection, study: Study, player: players.Player, newcomer_id: int, outcome: str
) -> None:
    """The newcomer, who waits, goes on in this player's slot. Lobby, room and player must be locked."""
    await players.log_arrivals(conn, [newcomer_id])
    await players.leave(conn, [player.id], outcome, study, "standby")
    await _hand_over(conn, player, newcomer_id)


async def fill(conn: Connection, session_id: str, study: Study, people: Sequence[Waiting]) -> Filled:
    """These people, whose turn comes in this order, take the places that are empty, where the study wants them taken.

    It wants that at each step at which it is the first thing to do about somebody who leaves, before the room goes on
    smaller. The lobby must be locked. No lock is waited for: who calls may hold the session's log already.
    """
    steps = [step.name for step in study.steps if "standby" in step.dropout.then]
    found = await conn.execute(SQL["rooms_with_places"], dict(session_id=session_id, steps=steps))
    room_ids = [room_id for (room_id,) in await found.fetchall()]
    if not room_ids or not people:
        return Filled()
    found = await conn.execute(SQL["lock_if_free"], dict(room_ids=room_ids, steps=steps))
    locked = [room_id for (room_id,) in await found.fetchall()]
    left, seated = list(people), set[int]()
    for place in await rows(conn, Place, SQL["places"], room_ids=locked):
        newcomer = next((one for one in left if place.type in (ANY, one.type)), None)
        if newcomer is None:
            continue
        player = await players.find_player(conn, place.player_id)
        assert player is not None
        await _hand_over(conn, player, newcomer.player_id)
        left.remove(newcomer)
        seated.add(newcomer.player_id)
    return Filled(frozenset(seated), len(locked) < len(room_ids))


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
