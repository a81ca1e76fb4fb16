"""The door: one link for everybody, the people that it makes, and how many of them there may be.

People who come by it have no token: the first id that their link brings finds them again, or the key of the browser
in which they came. Their labels count them, and say nothing of who they are.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from math import ceil

from psycopg.types.json import Jsonb

from app.database import clock
from app.database.connections import Connection
from app.database.queries import Queries, row, rows, value
from app.players.people import first_seats
from app.players.tokens import new_token, server_secret
from app.study.model.door import FIRST_IDS, OTHERS
from app.study.model.study import ANY, Study

SQL = Queries(__name__)
OF_BROWSER = "browser "  # before the key of a browser; a space is in no id
KNOWN = (*FIRST_IDS, *OTHERS)
MOST_NAMES = (
    60  # of what links have brought in a session, beside those that the study or a recruiter is known for
)
MOST_MADE = 50_000  # people that a door makes where there is no end of places …
FOR_A_PLACE, AT_LEAST = 100, 5_000  # … and where there is, so many for each, but so many at least
MOST_FROM_ONE, A_WHILE = 1_000, 600.0  # new people from one address in so many seconds: more than any class


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

    @property
    def most_made(self) -> int:
        """So many people the door makes, whatever becomes of them: made-up ids must not fill the disk."""
        return MOST_MADE if self.most is None else min(MOST_MADE, max(AT_LEAST, FOR_A_PLACE * self.most))


@dataclass(frozen=True, slots=True)
class OpenDoor:
    """Of a session: `is_there` says whether it has one. `goes_on`: from another session; nobody new comes in by it."""

    session_id: str
    session_status: str
    is_there: bool
    goes_on: bool


@dataclass(frozen=True, slots=True)
class Newcomer:
    """`label` and `type`: theirs already, since they were in the session that this one goes on from."""

    door_id: str
    given: Mapping[str, str]
    source: bytes = b""  # stands for the address that they come from
    label: str = ""
    type: str | None = None


@dataclass(frozen=True, slots=True)
class DoorCount:
    """How often somebody came by the link and `why` not in; `unfilled`: in, with something missing."""

    why: str
    parameter: str
    times: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class DoorNow:
    """Of those who came by it: so many are `inside`, so many came to the end, and so many wait in line before it."""

    came: int
    inside: int
    complete: int
    in_line: int


@dataclass(frozen=True, slots=True)
class PlacesNow:
    """Of `most` places so many are `left`, before which so many wait in line.

    `is_over`: all who are to have come to the end, and nobody gives a place back any more.
    """

    most: int
    left: int  # below nothing where there are fewer places than there were
    in_line: int
    is_over: bool


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
    newcomers = await _with_names_that_are_kept(conn, session_id, study, newcomers)
    await _count_sources(conn, session_id, newcomers)
    labels = [one.label for one in newcomers if one.label]
    count = dict(session_id=session_id, count=len(newcomers), labels=labels)
    numbers = [nth for (nth,) in await (await conn.execute(SQL["next_numbers"], count)).fetchall()]
    what = dict(
        numbers=numbers,
        labels=[one.label for one in newcomers],
        types=[_type_of(study, one, nth) for one, nth in zip(newcomers, numbers, strict=True)],
        ids=[one.door_id for one in newcomers],
        givens=[Jsonb(dict(one.given)) for one in newcomers],
    )
    return dict(await (await conn.execute(SQL["make"], dict(session_id=session_id) | what)).fetchall())


async def _with_names_that_are_kept(
    conn: Connection, session_id: str, study: Study, newcomers: Sequence[Newcomer]
) -> list[Newcomer]:
    """Each name becomes a column of the export: what comes under one too many is counted, and not kept."""
    needed = {*KNOWN, *study.door.ids, *study.finish.asks_for}
    unknown = dict.fromkeys(name for one in newcomers for name in one.given if name not in needed)
    if not unknown:
        return list(newcomers)
    kept: list[str] = await value(conn, SQL["names_kept"], session_id=session_id)
    new = [name for name in unknown if name not in kept][: max(0, MOST_NAMES - len(kept))]
    if new:
        await conn.execute(SQL["keep_names"], dict(session_id=session_id, names=new))
    stays = {*needed, *kept, *new}
    if lost := sum(any(name not in stays for name in one.given) for one in newcomers):
        now = clock.now()
        once = dict(sessions=[session_id], whys=["not kept"], parameters=[""], times=[lost], at=[now])
        await conn.execute(SQL["put_counts"], once)
    return [
        replace(one, given={name: text for name, text in one.given.items() if name in stays})
        for one in newcomers
    ]


async def _count_sources(conn: Connection, session_id: str, newcomers: Sequence[Newcomer]) -> None:
    many = Counter(one.source for one in newcomers if one.source)
    if many:
        what = dict(session_id=session_id, sources=[*many], made=[*many.values()], seconds=A_WHILE)
        await conn.execute(SQL["count_sources"], what)


async def may_make(conn: Connection, session_id: str) -> int:
    """How many more people the door makes."""
    places, made = await places_of(conn, session_id), await value(conn, SQL["made"], session_id=session_id)
    return places.most_made - int(made) if places else 0


async def may_make_from(conn: Connection, session_id: str, sources: Collection[bytes]) -> dict[bytes, int]:
    """The same from each of these, for now."""
    what = dict(session_id=session_id, sources=list(sources))
    found = await (await conn.execute(SQL["made_from"], what)).fetchall()
    return dict.fromkeys(sources, MOST_FROM_ONE) | {bytes(one): MOST_FROM_ONE - made for one, made in found}


async def erased_of(conn: Connection, session_id: str, door_ids: Collection[str]) -> set[str]:
    """Those of these ids that somebody came by who has had what is personal of them erased."""
    found = await (await conn.execute(SQL["digests_of_erased"], dict(session_id=session_id))).fetchall()
    if not found:
        return set()
    gone, secret = {bytes(digest) for (digest,) in found}, await server_secret(conn)
    return {one for one in door_ids if _digest(secret, session_id, one) in gone}


async def ids_of(conn: Connection, player_ids: Sequence[int]) -> dict[int, str]:
    """The recruiter's id of each of these who came by one."""
    what = dict(player_ids=list(player_ids), of_browser=OF_BROWSER)
    return dict(await (await conn.execute(SQL["ids_of"], what)).fetchall())


async def keep_digests(conn: Connection, session_id: str, ids: Mapping[int, str]) -> None:
    """Of the erased: so that they are known again by their id as long as the door is open, and it is not kept."""
    if not ids:
        return
    secret = await server_secret(conn)
    for player_id, door_id in ids.items():
        digest = _digest(secret, session_id, door_id)
        await conn.execute(SQL["keep_digest"], dict(player_id=player_id, digest=digest))


async def forget(conn: Connection, session_id: str) -> None:
    """What the door alone needed, which is shut."""
    for query in ("forget_digests", "forget_sources"):
        await conn.execute(SQL[query], dict(session_id=session_id))


def _digest(secret: bytes, session_id: str, door_id: str) -> bytes:
    text = f"{session_id} {door_id}".encode()
    return hashlib.blake2b(text, key=secret, person=b"erased at door").digest()


def _type_of(study: Study, one: Newcomer, nth: int) -> str:
    is_known = one.type is not None and (one.type in study.types or not study.types)
    return one.type if is_known and one.type is not None else dealt_type(study, nth)


def dealt_type(study: Study, number: int) -> str:
    """Of the how-manieth who comes: in turn, as often as the first kind of room has seats for each type."""
    known, seats = study.types or ("",), first_seats(study)
    turn = [type_ for nth in range(max(seats.values())) for type_, count in seats.items() if nth < count]
    type_ = turn[(number - 1) % len(turn)]
    return type_ if type_ != ANY else known[(number - 1) % len(known)]


async def places_now(conn: Connection, session_id: str) -> PlacesNow | None:
    """None: as many as come. The session is locked by whoever lets people in by it."""
    places = await places_of(conn, session_id)
    if places is None or places.most is None:
        return None  # nobody needs to be counted
    now = await door_now(conn, session_id)
    left = places.left(now) if now else None
    assert now is not None and left is not None, "it has a door, and places"
    return PlacesNow(places.most, left, now.in_line, now.complete >= places.most)


async def places_of(conn: Connection, session_id: str) -> Places | None:
    """None: there is no door."""
    return await row(conn, Places, SQL["places_of"], session_id=session_id)


async def change_places(conn: Connection, session_id: str, places: Places) -> None:
    """The session is locked."""
    what = dict(session_id=session_id, places=places.most, extra=places.extra)
    await conn.execute(SQL["change_places"], what)


async def free_id(conn: Connection, player_id: int) -> bool:
    """Their recruiter's id is theirs no more: whoever comes with it comes in anew. Their browser still finds them.

    Whether they had one.
    """
    what = dict(player_id=player_id, of_browser=OF_BROWSER, other=f"{OF_BROWSER}{new_token()}")
    return (await conn.execute(SQL["free_id"], what)).rowcount == 1


async def came_again(conn: Connection, player_ids: Sequence[int]) -> None:
    """In browsers without their cookies: the log says so."""
    await conn.execute(SQL["came_again"], dict(player_ids=list(player_ids)))


async def put_visits(conn: Connection, visits: Mapping[int, Mapping[str, str]]) -> None:
    """Who comes again may do so with another task of the recruiter's, which is the one that they are to hand in."""
    if not visits:
        return
    told = {player_id: Jsonb(dict(visit)) for player_id, visit in visits.items()}
    what = dict(player_ids=list(told), visits=list(told.values()))
    for (player_id,) in await (await conn.execute(SQL["on_another_visit"], what)).fetchall():
        # One at a time, and nothing else is held: they may be on their way to a seat.
        await conn.execute(SQL["put_visit"], dict(player_id=player_id, visit=told[player_id]))


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
