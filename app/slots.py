"""Slots: who or what takes one over from somebody who leaves a room that goes on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb

from app import lobby, players, rooms
from app.db import Connection, Queries, rows
from app.study import Study

SQL = Queries("slots")


@dataclass(frozen=True, slots=True)
class Standby:
    """Somebody who waits and fits a slot."""

    id: int
    label: str
    type: str
    waiting_since: datetime


async def standbys_for(conn: Connection, player: players.Player) -> list[Standby]:
    """Who waits and could take this player's slot, the longest first; nobody if that is taken already."""
    if player.status not in ("playing", "left"):
        return []
    return await rows(conn, Standby, SQL["standbys_for"], player_id=player.id)


async def take_over(
    conn: Connection, study: Study, player: players.Player, newcomer_id: int, outcome: str
) -> None:
    """The newcomer, who waits, goes on in this player's slot. Lobby, room and player must be locked."""
    await conn.execute(lobby.SQL["log_arrivals"], dict(player_ids=[newcomer_id]))
    await players.leave(conn, [player.id], outcome, study, "standby")
    await conn.execute(SQL["give_up_slot"], dict(player_id=player.id))
    await conn.execute(SQL["set_bot"], dict(room_id=player.room_id, slot=player.slot, bot=False))
    # The slot's treatment stays: the room goes on with as many of each.
    seat = dict(players=[newcomer_id], rooms=[player.room_id], slots=[player.slot])
    seat |= dict(treatments=[Jsonb(dict(player.treatment))])
    await conn.execute(rooms.SQL["seat_players"], seat)


async def give_to_bot(conn: Connection, player: players.Player) -> None:
    """A bot plays on in the slot of this player, who has left. The room must be locked."""
    await conn.execute(SQL["set_bot"], dict(room_id=player.room_id, slot=player.slot, bot=True))
