"""Moves: what players do while a step is open. Each is a record, stored first; what comes of it, `handling` finds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from math import ceil
from typing import Any, Literal

from app.database.connections import Connection
from app.database.queries import Queries, array
from app.rooms.messages import TooFast, nth_of_theirs
from app.rooms.receipts import Receipt, digest
from app.rooms.records import TRIES, by_form_in_turn, hold_rooms

SQL = Queries(__name__)
# Twenty of one person, unless the server is told otherwise: who bids and takes it back by the second is no script yet.
MOST, WITHIN = 20, timedelta(seconds=10)
SHOWN = 20  # of a room's newest moves, on its pages

Refusal = Literal["over", "not asked", "paused", "stopped"]
Look = Callable[[Collection[int]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class NewMove:
    """A move as a player sent it, already checked against the study."""

    player_id: int
    room_id: int
    position: int  # index into the study's plan
    step: str
    round: int
    name: str
    values: str  # see MoveForm.written
    form: str  # see records.form_id
    goes_on: bool = (
        False  # what waits to be handled may move the deadline: whether this came in time is known then
    )


@dataclass(frozen=True, slots=True)
class Made:
    """A move that the study has taken, as all in its room may see it."""

    nth: int  # of those handled at this step, from 1
    slot: int
    name: str
    values: Mapping[str, str]  # field → what was said, as it is stored
    at: float  # seconds since the step opened, without pauses
    clock: str | None = None  # what its clock showed then, where it has one


@dataclass(frozen=True, slots=True)
class MoveBoard:
    """What all of a room may see of its moves at a step."""

    state: Any = None  # as `networklab.pack` writes it; None: the study has kept nothing yet
    moves: tuple[Made, ...] = ()  # the newest, in order

    def after(self, made: Made, state: Any) -> MoveBoard:
        """`state`: None where it is as before."""
        return MoveBoard(self.state if state is None else state, (*self.moves, made)[-SHOWN:])


EMPTY = MoveBoard()


async def store(
    conn: Connection, moves: Sequence[NewMove], most: int = MOST, look: Look | None = None
) -> list[Receipt | Refusal | TooFast]:
    """Receipts in the order of `moves`, or why one is not stored. Storing the same form again gives its receipt.

    `most`: of one person within ten seconds. Two processes that store theirs at the same moment may let a few more in.
    `look`: called with the rooms as soon as the moves are stored there, in the same transaction.
    """
    ordered = by_form_in_turn(moves)
    found: dict[str, Receipt | Refusal | TooFast] = {}
    lacking = list(ordered.values())
    first, again = (partial(_insert, most=most, look=one) for one in (look, None))
    # Others may take the next version number first.
    for ask in (first, _stored_before, *TRIES * (again, _stored_before)):
        found |= await ask(conn, lacking)
        lacking = [one for one in lacking if one.form not in found]
        if not lacking:
            break
    return [found.get(one.form, "over") for one in moves]


async def board(conn: Connection, room_id: int, position: int, most: int | None = SHOWN) -> MoveBoard:
    """What there is to be seen of a room's moves at this index of the plan; `most`: of the newest, None: all."""
    cursor = await conn.execute(SQL["board"], dict(room_id=room_id, position=position, most=most))
    [(state, moves)] = await cursor.fetchall()
    return MoveBoard(state, tuple(Made(*one) for one in moves))


async def roles_now(conn: Connection, room_id: int, position: int) -> dict[int, str]:
    """Slot → what it is in the round of this index of the plan, where the study deals roles."""
    cursor = await conn.execute(SQL["roles_now"], dict(room_id=room_id, position=position))
    return dict(await cursor.fetchall())


async def _insert(
    conn: Connection, moves: Sequence[NewMove], most: int, look: Look | None
) -> dict[str, Receipt | Refusal | TooFast]:
    columns = zip(
        *(
            (
                *(str(one.player_id), str(one.room_id), str(one.position), one.step, str(one.round)),
                *(one.name, one.values, one.form, "true" if one.goes_on else "false"),
            )
            for one in moves
        ),
        strict=True,
    )
    names = ("players", "rooms", "positions", "steps", "rounds", "names", "values", "forms", "goes_on")
    limit = dict(nth_of_theirs=nth_of_theirs(one.player_id for one in moves), most=most, within=WITHIN)
    rooms = {one.room_id for one in moves}
    async with conn.pipeline():
        await hold_rooms(conn, rooms)
        given = dict(zip(names, map(array, columns), strict=True)) | limit
        cursor = await conn.execute(SQL["store_moves"], given)
        if look is not None:
            await look(rooms)
    return _by_form(await cursor.fetchall())


async def _stored_before(
    conn: Connection, moves: Collection[NewMove]
) -> dict[str, Receipt | Refusal | TooFast]:
    cursor = await conn.execute(SQL["stored_before"], dict(forms=[one.form for one in moves]))
    return _by_form(await cursor.fetchall(), again=True)


def _by_form(lines: Iterable[tuple[Any, ...]], again: bool = False) -> dict[str, Receipt | Refusal | TooFast]:
    found: dict[str, Receipt | Refusal | TooFast] = {}
    for form, why, wait, number, field, value, version, late in lines:
        if why:
            found[form] = TooFast(max(2, ceil(wait))) if why == "too fast" else why
        elif number is not None:
            found[form] = Receipt((number,), digest([(number, field, value)]), version, late, again)
    return found
