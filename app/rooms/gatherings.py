"""Gatherings: rooms that come together, kept while those who are to sit in them are asked whether they are ready.

All of it happens with the lobby's row locked, one look at a time, so any process can carry one on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from app.database.connections import Connection
from app.database.queries import Queries, rows
from app.rooms.readiness import Gathering
from app.rooms.seating import Placement

SQL = Queries(__name__)


@dataclass(frozen=True, slots=True)
class _Asked:
    gathering_id: int
    kind: str
    number: int
    reason: str
    bots: list[str]
    left: float
    player_id: int
    seat: str
    ready: float | None  # seconds since they said so


async def gatherings_of(conn: Connection, session_id: str) -> list[Gathering]:
    """In the order in which they came together."""
    found: dict[int, list[_Asked]] = {}
    for one in await rows(conn, _Asked, SQL["gatherings_of"], session_id=session_id):
        found.setdefault(one.gathering_id, []).append(one)
    return [
        Gathering(
            id=id,
            kind=asked[0].kind,
            number=asked[0].number,
            reason=asked[0].reason,
            left=asked[0].left,
            seats=tuple((one.player_id, one.seat) for one in asked),
            ready={one.player_id: one.ready for one in asked if one.ready is not None},
            bots=tuple(asked[0].bots),
        )
        for id, asked in found.items()
    ]


async def say_ready(conn: Connection, player_ids: Collection[int]) -> None:
    """Again changes nothing, and so it is for who is not asked any more."""
    await conn.execute(SQL["say_ready"], dict(player_ids=sorted(player_ids)))


async def ask(
    conn: Connection,
    session_id: str,
    placements: Sequence[Placement],
    seconds: float,
    ready: Mapping[int, float],
) -> None:
    """Those who are to sit in these rooms have so many seconds.

    `ready`: whose word for the room before still holds, and how many seconds ago they gave it.
    """
    made = await conn.execute(
        SQL["gather"],
        dict(
            session_id=session_id,
            kinds=[one.kind.name for one in placements],
            numbers=[one.number for one in placements],
            reasons=[one.reason for one in placements],
            bots=[",".join(one.bots) for one in placements],
            secs=seconds,
        ),
    )
    ids = [id for (id,) in await made.fetchall()]
    lines = [
        (player, id, seat, ready.get(player))
        for id, one in zip(ids, placements, strict=True)
        for player, seat in one.seats
    ]
    players, gatherings, seats, words = map(list, zip(*lines, strict=True))
    await conn.execute(SQL["ask"], dict(players=players, gatherings=gatherings, seats=seats, ready=words))


async def put_last(conn: Connection, player_ids: Collection[int]) -> None:
    """They have not said that they are ready: in the queue they come after all others."""
    await conn.execute(SQL["put_last"], dict(player_ids=sorted(player_ids)))


async def end(conn: Connection, ids: Collection[int]) -> None:
    """Rooms that have opened, or that came to nothing."""
    await conn.execute(SQL["end_asking"], dict(ids=sorted(ids)))
    await conn.execute(SQL["end_gatherings"], dict(ids=sorted(ids)))


async def end_all(conn: Connection, session_id: str) -> None:
    await end(conn, [one.id for one in await gatherings_of(conn, session_id)])
