"""The door: one link for everybody, the people that it makes, and how many of them there may be.

People who come by it have no token: the first id that their link brings finds them again, or the key of the browser
in which they came. Their labels count them, and say nothing of who they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from math import ceil

from psycopg.types.json import Jsonb

from app.database import clock
from app.database.connections import Connection
from app.database.queries import Queries, row, rows, value
from app.study.model.door import FIRST_IDS, OTHERS
from app.study.model.study import ANY, Study

SQL = Queries(__name__)
OF_BROWSER = "browser "  # before the key of a browser; a space is in no id
KNOWN = (*FIRST_IDS, *OTHERS)


@dataclass(frozen=True, slots=True)
class Places:
    """`most` are to come to the end, and a share of `extra` more come in than are lacking. None: as many as come."""

    most: int | None = None
    extra: Decimal = Decimal(0)

    def left(self, door: DoorNow) -> int | None:
        """How many more may come in: who has left without coming to the end has given the place back.

        Below nothing where there are fewer places than there were. None: as many as come.
        """
        if self.most is None:
            return None
        return ceil(max(0, self.most - door.complete) * (1 + self.extra)) - door.inside


@dataclass(frozen=True, slots=True)
class OpenDoor:
    """Of a session: `is_there` says whether it has one."""

    session_id: str
    session_status: str
    is_there: bool


@dataclass(frozen=True, slots=True)
class Newcomer:
    door_id: str
    given: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DoorCount:
    """How often somebody came by the link and `why` not in; `unfilled`: in, with something missing."""

    why: str
    parameter: str
    times: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class DoorNow:
    """Of those who came by it: so many are `inside`, and so many came to the end."""

    came: int
    inside: int
    complete: int


class DoorCounts:
    """Kept in memory and written once a second, as presence is: nobody's page waits for it."""

    def __init__(self) -> None:
        self.unwritten: dict[tuple[str, str, str], tuple[int, datetime]] = {}

    def add(self, session_id: str, study: Study, why: str, parameter: str = "") -> None:
        """Of parameters only those that the study or a recruiter is known for, so that nobody makes up thousands."""
        known = parameter if parameter in (*KNOWN, *study.door.ids) else ""
        key = session_id, why, known
        self.unwritten[key] = self.unwritten.get(key, (0, clock.now()))[0] + 1, clock.now()

    async def write(self, conn: Connection) -> None:
        if not self.unwritten:
            return
        counts = dict(self.unwritten)
        sessions, whys, parameters = zip(*counts, strict=True)
        times, at = zip(*counts.values(), strict=True)
        columns = dict(sessions=sessions, whys=whys, parameters=parameters, times=times, at=at)
        await conn.execute(SQL["put_counts"], {name: list(column) for name, column in columns.items()})
        for key, (written, _) in counts.items():
            now, last = self.unwritten.pop(key)
            if now > written:
                self.unwritten[key] = now - written, last


async def add_door(conn: Connection, session_id: str, places: Places) -> None:
    new = dict(session_id=session_id, places=places.most, extra=places.extra)
    await conn.execute(SQL["add_door"], new)


async def find_door(conn: Connection, session_id: str) -> OpenDoor | None:
    """None where there is no such session."""
    return await row(conn, OpenDoor, SQL["find_door"], session_id=session_id)


async def come_by_door(
    conn: Connection, session_id: str, door_ids: Sequence[str]
) -> dict[str, tuple[int, str]]:
    """Player and status of each of these ids that somebody has come with."""
    found = await conn.execute(SQL["come_by_door"], dict(session_id=session_id, ids=list(door_ids)))
    return {door_id: (player_id, status) for door_id, player_id, status in await found.fetchall()}


async def id_of_browser(conn: Connection, session_id: str, player_id: int) -> str:
    """By which somebody is found again who came without an id; empty if this player did not."""
    where = dict(session_id=session_id, player_id=player_id, of_browser=OF_BROWSER)
    return await value(conn, SQL["id_of_browser"], **where) or ""


async def make(
    conn: Connection, session_id: str, study: Study, newcomers: Sequence[Newcomer]
) -> dict[str, int]:
    """A player for each of these, by their ids, still invited.

    The session is locked, and none of them has come yet.
    """
    count = dict(session_id=session_id, count=len(newcomers))
    numbers = [nth for (nth,) in await (await conn.execute(SQL["next_numbers"], count)).fetchall()]
    what = dict(
        numbers=numbers,
        types=[dealt_type(study, nth) for nth in numbers],
        ids=[one.door_id for one in newcomers],
        givens=[Jsonb(dict(one.given)) for one in newcomers],
    )
    return dict(await (await conn.execute(SQL["make"], dict(session_id=session_id) | what)).fetchall())


def dealt_type(study: Study, number: int) -> str:
    """Of the how-manieth who comes: in turn, as often as the first kind of room has seats for each type."""
    known, seats = study.types or ("",), study.rooms[0].seats
    turn = [type_ for nth in range(max(seats.values())) for type_, count in seats.items() if nth < count]
    type_ = turn[(number - 1) % len(turn)]
    return type_ if type_ != ANY else known[(number - 1) % len(known)]


async def places_left(conn: Connection, session_id: str) -> int | None:
    """None: as many as come. The session is locked by whoever lets people in by it."""
    places = await places_of(conn, session_id)
    if places is None or places.most is None:
        return None  # nobody needs to be counted
    door = await door_now(conn, session_id)
    return places.left(door) if door else None


async def places_of(conn: Connection, session_id: str) -> Places | None:
    """None: there is no door."""
    return await row(conn, Places, SQL["places_of"], session_id=session_id)


async def change_places(conn: Connection, session_id: str, places: Places) -> None:
    """The session is locked."""
    what = dict(session_id=session_id, places=places.most, extra=places.extra)
    await conn.execute(SQL["change_places"], what)


async def came_again(conn: Connection, player_ids: Sequence[int]) -> None:
    """In browsers without their cookies: the log says so."""
    await conn.execute(SQL["came_again"], dict(player_ids=list(player_ids)))


async def yield_place(conn: Connection, session_id: str, player_id: int) -> None:
    """Their page agrees, for two minutes, that another browser takes their place."""
    await conn.execute(SQL["yield_place"], dict(session_id=session_id, player_id=player_id))


async def yields(conn: Connection, player_id: int) -> bool:
    return bool(await value(conn, SQL["yields"], player_id=player_id))


async def counts_of(conn: Connection, session_id: str) -> list[DoorCount]:
    return await rows(conn, DoorCount, SQL["counts_of"], session_id=session_id)


async def door_now(conn: Connection, session_id: str) -> DoorNow | None:
    """None: there is no door."""
    return await row(conn, DoorNow, SQL["door_now"], session_id=session_id)
