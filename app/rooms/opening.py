"""Opening: a room opens with its slots, its ties and its treatment, and those who were placed sit down in it."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg.types.json import Jsonb

from app.database.connections import Connection
from app.database.queries import Queries
from app.rooms import rooms, ties
from app.rooms.seating import Placement
from app.study.model.networks import Tie
from app.study.model.study import Study
from app.study.model.treatments import Draws

SQL = Queries(__name__)
ALIASES = (
    "Ash Birch Cedar Dogwood Elm Fir Ginkgo Hazel Ivy Juniper Katsura Larch Maple Nutmeg Oak Pine Quince Rowan "
    "Spruce Tamarind Ume Viburnum Willow Yew"
).split()


async def open_rooms(
    conn: Connection, session_id: str, session_seed: int, study: Study, placements: Sequence[Placement]
) -> None:
    """Open all rooms with their slots and ties and seat their players. The lobby's row must be locked."""
    if not placements:
        return
    seeds = [room_seed(session_seed, placement) for placement in placements]
    orders = [seat_order(placement, seed) for placement, seed in zip(placements, seeds, strict=True)]
    treatments = await _treatments(conn, session_id, session_seed, study, placements, orders)
    made = await conn.execute(
        SQL["open_rooms"],
        dict(
            session_id=session_id,
            opens=Jsonb(rooms.row_at(study, study.opens_at)),
            opening=study.decides_first(study.opens_at),
            kinds=[p.kind.name for p in placements],
            numbers=[p.number for p in placements],
            reasons=[p.reason for p in placements],
            seeds=seeds,
            treatments=[Jsonb(treatment) for treatment, _ in treatments],
        ),
    )
    ids = {(kind, number): room_id for room_id, kind, number in await made.fetchall()}
    slots: list[tuple[int, int, str, str, bool, Jsonb]] = []
    networks: dict[int, tuple[Tie, ...]] = {}
    seated: list[tuple[int, int, int, dict[str, str]]] = []
    for placement, seed, seats, (_, of_slots) in zip(placements, seeds, orders, treatments, strict=True):
        room_id = ids[placement.kind.name, placement.number]
        for slot, (player_id, wanted) in enumerate(seats, 1):
            treatment = of_slots[slot - 1]
            if player_id is None:
                slots.append((room_id, slot, wanted, alias(slot), True, Jsonb(treatment)))
            else:
                slots.append((room_id, slot, wanted, alias(slot), False, Jsonb({})))
                seated.append((player_id, room_id, slot, treatment))
        kind = placement.kind.name
        types = [wanted for _, wanted in seats]
        networks[room_id] = study.network_of(kind).ties(len(seats), seed, types, kind)
    columns = _columns(slots, "rooms", "slots", "types", "aliases", "bots", "treatments")
    await conn.execute(SQL["add_slots"], dict(session_id=session_id) | columns)
    await ties.open_networks(conn, session_id, study.plan[study.opens_at], networks)
    await seat_players(conn, seated)


async def seat_players(conn: Connection, seats: Sequence[tuple[int, int, int, Mapping[str, str]]]) -> None:
    """Who waits sits down: player, room, slot and the treatment that the slot has."""
    lines = [(*seat, Jsonb(dict(treatment))) for *seat, treatment in seats]
    await conn.execute(SQL["seat_players"], _columns(lines, "players", "rooms", "slots", "treatments"))


def room_seed(session_seed: int, placement: Placement) -> int:
    return random.Random(f"{session_seed}/{placement.kind.name}/{placement.number}").getrandbits(62)


def seat_order(placement: Placement, seed: int) -> list[tuple[int | None, str]]:
    """Its seats in the order of the slots; None has those that bots take."""
    seats: list[tuple[int | None, str]] = [*placement.seats, *((None, wanted) for wanted in placement.bots)]
    random.Random(seed).shuffle(seats)
    return seats


async def _treatments(
    conn: Connection,
    session_id: str,
    seed: int,
    study: Study,
    placements: Sequence[Placement],
    orders: Sequence[Sequence[tuple[int | None, str]]],
) -> list[tuple[dict[str, str], list[dict[str, str]]]]:
    """Of each room, and of each of its slots. The lobby's row is locked, so each place is drawn for once."""
    if not study.treatments:
        return [({}, [{}] * len(order)) for order in orders]
    new = [player_id for order in orders for player_id, _ in order if player_id is not None]
    types: dict[int, str] = dict(await (await conn.execute(SQL["types_of"], dict(player_ids=new))).fetchall())
    seated: dict[str, int] = dict(
        await (await conn.execute(SQL["seated_by_type"], dict(session_id=session_id))).fetchall()
    )
    made = await rooms.rooms_made(conn, session_id)
    draws = Draws(study.treatments, seed, sum(made.values()), seated)
    found = []
    for placement, order in zip(placements, orders, strict=True):
        kind, number = placement.kind.name, placement.number
        of_room = draws.room(kind, number)
        name = f"{kind}-{number}"
        of_slots = [
            draws.bot(name, slot) if player_id is None else draws.player(types[player_id], name, slot)
            for slot, (player_id, _) in enumerate(order, 1)
        ]
        found.append((of_room, [of_room | one for one in of_slots]))
    return found


def alias(slot: int) -> str:
    """What the others call whoever sits in `slot` (from 1): Ash, Birch, … Yew, Ash 2, …"""
    lap, index = divmod(slot - 1, len(ALIASES))
    return ALIASES[index] if lap == 0 else f"{ALIASES[index]} {lap + 1}"


def _columns(lines: Sequence[Sequence[Any]], *names: str) -> dict[str, list[Any]]:
    return dict(zip(names, map(list, zip(*lines, strict=True)), strict=True))
