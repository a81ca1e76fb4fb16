"""Ties as the database has them: a room's networks, each from one position of its plan until the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.database.connections import Connection
from app.database.queries import Queries, array
from app.study.model.networks import Tie, Ties
from app.study.model.study import Position, Study

SQL = Queries(__name__)


@dataclass(frozen=True, slots=True)
class Wiring:
    """The network that a room (id) is to have from a position on, and who made it: "study" or "hook NAME".

    `ties` are as `networks.read_ties` gives them; without any, nobody sees anybody.
    """

    room_id: int
    position: Position
    ties: Sequence[Tie]
    made_by: str = "study"


async def holding(conn: Connection, room_id: int, position: int) -> Ties:
    """Those of the network that a room has at this position of the plan."""
    return (await holding_in(conn, {room_id: position}))[room_id]


async def holding_in(conn: Connection, positions: Mapping[int, int]) -> dict[int, Ties]:
    """The same of several rooms, by id, each at its position."""
    found: dict[int, list[Tie]] = {room_id: [] for room_id in positions}
    where = dict(rooms=list(positions), positions=list(positions.values()))
    for room_id, *tie in await (await conn.execute(SQL["holding"], where)).fetchall():
        found[room_id].append(Tie(*tie))
    return {room_id: Ties(ties) for room_id, ties in found.items()}


async def networks_of(conn: Connection, room_ids: Sequence[int]) -> dict[int, dict[int, list[Tie]]]:
    """All that these rooms have had so far, by the position from which each holds."""
    found = await conn.execute(SQL["networks_of"], dict(room_ids=list(room_ids)))
    networks: dict[int, dict[int, list[Tie]]] = {room_id: {} for room_id in room_ids}
    for room_id, position, *tie in await found.fetchall():
        networks[room_id].setdefault(position, []).extend([Tie(*tie)] if tie[0] is not None else [])
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


async def rewire(conn: Connection, wirings: Sequence[Wiring]) -> None:
    """Give locked rooms, each once, networks that hold from a position on, before they are put there."""
    lines = [
        (
            str(one.room_id),
            str(one.position.index),
            one.position.step.name,
            str(one.position.round),
            one.made_by,
        )
        for one in wirings
    ]
    tied = [
        (str(one.room_id), *(map(str, (tie.from_slot, tie.to_slot, tie.weight))))
        for one in wirings
        for tie in one.ties
    ]
    names = ("rooms", "positions", "steps", "rounds", "made_bys")
    tie_names = ("tied_rooms", "from_slots", "to_slots", "weights")
    columns = [*zip(*lines, strict=True), *(zip(*tied, strict=True) if tied else [()] * len(tie_names))]
    params = dict(zip((*names, *tie_names), map(array, columns), strict=True))
    await conn.execute(SQL["rewire"], params)


async def rewire_as_planned(conn: Connection, study: Study, moves: Sequence[tuple[int, Position]]) -> None:
    """The networks that the study plans for rounds that begin with these moves. The rooms (ids) must be locked."""
    if not any(network.is_planned for network in study.networks):
        return
    ahead, wirings = dict(moves), list[Wiring]()
    found = await conn.execute(SQL["shapes"], dict(room_ids=list(ahead)))
    for room_id, kind, seed, since, types in await found.fetchall():
        position = ahead[room_id]
        planned = study.planned_ties(kind, seed, types, since, position.index)
        if planned is not None:
            wirings.append(Wiring(room_id, position, planned))
    if wirings:
        await rewire(conn, wirings)
