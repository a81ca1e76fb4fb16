"""Ties as the database has them: a room's networks, each from one position of its plan until the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.database.connections import Connection
from app.database.queries import Queries
from app.study.model.networks import Tie
from app.study.model.study import Position, Study

SQL = Queries(__name__)


async def holding(conn: Connection, room_id: int, position: int) -> tuple[Tie, ...]:
    """Those of the network that a room has at this position of the plan."""
    found = await conn.execute(SQL["holding"], dict(room_id=room_id, position=position))
    return tuple([Tie(*tie) for tie in await found.fetchall()])


async def networks_of(conn: Connection, room_id: int) -> dict[int, list[Tie]]:
    """All that a room has had so far, by the position from which each holds."""
    found = await conn.execute(SQL["networks_of"], dict(room_id=room_id))
    networks: dict[int, list[Tie]] = {}
    for position, *tie in await found.fetchall():
        networks.setdefault(position, []).extend([Tie(*tie)] if tie[0] is not None else [])
    return networks


async def open_networks(
    conn: Connection, session_id: str, first: Position, networks: Mapping[int, Sequence[Tie]]
) -> None:
    """The first network of each room, by its id."""
    await conn.execute(
        SQL["add_networks"],
        dict(session_id=session_id, step=first.step.name, round=first.round, rooms=list(networks)),
    )
    lines = [(room_id, *tie) for room_id, ties in networks.items() for tie in ties]
    if lines:
        columns = map(list, zip(*lines, strict=True))
        names = ("rooms", "from_slots", "to_slots", "weights")
        await conn.execute(
            SQL["add_ties"], dict(session_id=session_id) | dict(zip(names, columns, strict=True))
        )


async def rewire(
    conn: Connection, room_id: int, position: Position, ties: Sequence[Tie], made_by: str = "study"
) -> None:
    """Give a locked room the network that holds from `position` on, before it is put there.

    `ties` are as `networks.read_ties` gives them; without any, nobody sees anybody. `made_by` is "study" or
    "hook NAME".
    """
    await conn.execute(
        SQL["rewire"],
        dict(
            room_id=room_id,
            position=position.index,
            step=position.step.name,
            round=position.round,
            made_by=made_by,
            from_slots=[tie.from_slot for tie in ties],
            to_slots=[tie.to_slot for tie in ties],
            weights=[tie.weight for tie in ties],
        ),
    )


async def rewire_as_planned(conn: Connection, study: Study, moves: Sequence[tuple[int, Position]]) -> None:
    """The networks that the study plans for rounds that begin with these moves. The rooms (ids) must be locked."""
    if not any(network.is_planned for network in study.networks):
        return
    ahead = dict(moves)
    found = await conn.execute(SQL["shapes"], dict(room_ids=list(ahead)))
    for room_id, kind, seed, since, types in await found.fetchall():
        position = ahead[room_id]
        planned = study.planned_ties(kind, seed, types, since, position.index)
        if planned is not None:
            await rewire(conn, room_id, position, planned)
