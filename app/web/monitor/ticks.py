"""Ticks: one session at one moment, as the dashboard and its tables show it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from app.database import clock
from app.database.connections import Connection
from app.database.events import EventName
from app.database.queries import Queries, row, rows, value
from app.players import door, notes, quotas
from app.players.door import DoorCount, DoorNow, Places
from app.players.notes import CallForHelp, open_questions
from app.sessions.sessions import Session, find_session
from app.study.model.entrance import AT_THE_DOOR
from app.web.monitor import pulse
from app.web.monitor.broken import BrokenPage, broken_pages
from app.web.monitor.pulse import BEAT, Pulse
from app.web.monitor.server_figures import Figures, surroundings

SQL = Queries(__name__)
STATUSES = ("invited", "before", "waiting", "playing", "after", "finished", "left")
FEW_ROOMS = 20  # each of which is a card, with its people where they are few; more are dots
STEP = 5  # seconds, of how long people have waited


@dataclass(frozen=True, slots=True)
class RoomLine:
    id: int
    name: str
    kind: str
    number: int
    status: str
    position: int
    step: str
    round: int
    deadline: datetime
    stopped: bool  # a hook could not decide: it waits for the researcher
    outcome: str | None  # how it ended
    types: list[str]  # of the players, by slot; of a bot that has had it from the start, what it asks for
    states: list[str]  # by slot: answered, silent, unasked, nudged, away (no page is connected), left or bot
    asked: int  # people at this step, of those who have not left


@dataclass(frozen=True, slots=True)
class Faces:
    """Who sits in a room, by slot, and what was said there last: where rooms are few."""

    room_id: int
    labels: list[str]
    said: str | None  # None: nothing; empty: it is erased
    # Whoever wrote it, also where somebody else sits there now; None: nobody has spoken yet
    said_by: str | None


@dataclass(frozen=True, slots=True)
class Totals:
    """Of one session. `acknowledged` is what the processes say, the others what is in the tables."""

    acknowledged: int
    records: int
    messages: int
    seating_stopped: str | None  # the hook that seats has failed: where and why
    seating_stopped_at: str | None
    seating_given: str | None  # the values that it was given
    asked: int  # people whether they are ready, as rooms come together
    ready: int  # of them, who have said so
    paid: int  # people whom the recruiter has paid, or was asked to pay, from here


@dataclass(frozen=True, slots=True)
class Pages:
    """Of one session: people whose link was opened, who are in, and who of them have a page connected."""

    opened: int
    expected: int
    connected: int
    in_line: int  # before the door, with a page connected


@dataclass(frozen=True, slots=True)
class Waiters:
    """So many people of one type have waited about so long, in steps of `STEP` seconds."""

    type: str
    waited: int
    people: int


@dataclass(frozen=True, slots=True)
class Standing:
    """So many people of one type stand by, paid to wait: the first of them until `first`, the last until `last`."""

    type: str
    people: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class UsualTimes:
    """Medians in seconds; None before there are any."""

    filled_in: float | None  # from opening the link to signing in
    waited: float | None  # from coming into the lobby to a seat
    played: float | None  # from the seat to the end of the room
    before: float | None = None  # from signing in to the lobby
    after: float | None = None  # from the end of the room, or of the wait for one, to the end


@dataclass(frozen=True, slots=True)
class Trend:
    """What changes slowly, and is read anew only with each beat of the pulse."""

    read_at: float  # on the monotonic clock
    usual: UsualTimes
    pulse: Pulse


@dataclass(frozen=True, slots=True)
class Halted:
    """Somebody at a solo step that a hook has stopped."""

    player_id: int
    label: str
    step: str
    round: int


@dataclass(frozen=True, slots=True)
class LogLine:
    at: datetime
    name: EventName
    label: str | None
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tick:
    """One session at one moment."""

    at: datetime
    session: Session
    counts: dict[str, int]  # status → players
    waiting: dict[str, int]  # type → players in the lobby
    rooms: list[RoomLine]
    totals: Totals
    stored_before: tuple[int, ...]  # records at the two ticks before, the newer first
    server: Figures  # all processes together
    log: list[LogLine]
    questions: Sequence[CallForHelp]  # who waits for a word from a researcher
    gone: int  # processes that were there a moment ago and did not say goodbye
    longest: dict[str, datetime]  # type → since when the first of those who wait does
    trend: Trend
    pages: Pages
    waiters: Sequence[Waiters]
    standing: Sequence[Standing]
    turned_away: Mapping[str, int]  # outcome → people, of those at the door
    ended: Mapping[str, int]  # outcome → people, of those who came in
    taken: Mapping[int, int]  # quota, by place in the study → people let in
    broken: Sequence[BrokenPage]  # in whose place players see ours
    connections_free: int  # of the database
    door: DoorNow | None  # None: there is no link for everybody
    places: Places | None
    door_counts: Sequence[DoorCount]
    halted: Sequence[Halted] = ()
    banner: str = ""  # what everybody is told now
    faces: Mapping[int, Faces] = field(default_factory=dict)  # by room; empty where there are many rooms

    @property
    def next_deadline(self) -> datetime | None:
        """None where no clock runs: a room that a hook has stopped waits for the researcher."""
        running = (room for room in self.rooms if room.status == "playing" and not room.stopped)
        return min((room.deadline for room in running), default=None)


async def read_tick(conn: Connection, session_id: str, server: Figures, before: Tick | None = None) -> Tick:
    """`before`: the tick before: what changes slowly is taken over from it."""
    async with conn.pipeline():
        session = await find_session(conn, session_id)
        people = await (await conn.execute(SQL["people"], dict(session_id=session_id))).fetchall()
        found = await room_lines(conn, session_id)
        totals = await row(conn, Totals, SQL["totals"], session_id=session_id)
        log = await rows(conn, LogLine, SQL["newest_events"], session_id=session_id)
        questions = await open_questions(conn, session_id)
        pages = await row(conn, Pages, SQL["pages"], session_id=session_id)
        waiters = await rows(conn, Waiters, SQL["waiters"], session_id=session_id, step=STEP)
        halted = await rows(conn, Halted, SQL["halted"], session_id=session_id)
        standing = await rows(conn, Standing, SQL["standing"], session_id=session_id)
        away = dict(session_id=session_id, outcomes=list(AT_THE_DOOR))
        turned_away: dict[str, int] = dict(await (await conn.execute(SQL["turned_away"], away)).fetchall())
        ended: dict[str, int] = dict(await (await conn.execute(SQL["ended"], away)).fetchall())
        taken = await quotas.taken(conn, session_id)
        broken = await broken_pages(conn, session_id)
        gone, connections_free = await surroundings(conn)
        door_now, places = await door.door_now(conn, session_id), await door.places_of(conn, session_id)
        door_counts, banner = await door.counts_of(conn, session_id), await notes.banner_of(conn, session_id)
    counts = {one: sum(count for status, _, count, _ in people if status == one) for one in STATUSES}
    assert totals is not None and pages is not None
    now = clock.now()
    trend = before.trend if before else None
    if trend is None or time.monotonic() - trend.read_at >= BEAT:
        trend = await _read_trend(conn, session_id)
    return Tick(
        at=now,
        session=session,
        counts=counts,
        waiting={type_: count for status, type_, count, _ in people if status == "waiting"},
        rooms=found,
        totals=totals,
        stored_before=(before.totals.records, *before.stored_before)[:2] if before else (),
        server=server,
        log=log,
        questions=questions,
        gone=gone,
        longest={type_: since for status, type_, _, since in people if status == "waiting"},
        trend=trend,
        pages=pages,
        waiters=waiters,
        standing=standing,
        turned_away=turned_away,
        ended=ended,
        taken=taken,
        broken=broken,
        connections_free=connections_free,
        door=door_now,
        places=places,
        door_counts=door_counts,
        halted=halted,
        banner=banner,
        faces=await _faces(conn, session_id) if 0 < len(found) <= FEW_ROOMS else {},
    )


async def _faces(conn: Connection, session_id: str) -> dict[int, Faces]:
    return {one.room_id: one for one in await rows(conn, Faces, SQL["faces"], session_id=session_id)}


async def _read_trend(conn: Connection, session_id: str) -> Trend:
    usual = await row(conn, UsualTimes, SQL["usual_times"], session_id=session_id)
    assert usual is not None
    return Trend(time.monotonic(), usual, await pulse.pulse_of(conn, session_id))


async def room_lines(conn: Connection, session_id: str, only: Sequence[int] | None = None) -> list[RoomLine]:
    """In the order in which they opened. `only`: those of these numbers."""
    async with conn.cursor(row_factory=class_row(RoomLine)) as cursor:
        # Not prepared: one plan for all rooms and for one of them would be bad for either.
        said = dict(session_id=session_id, only=None if only is None else list(only))
        await cursor.execute(SQL["room_lines"], said, prepare=False)
        return await cursor.fetchall()


async def some_room_lines(
    conn: Connection, session_id: str, after: int, most: int, status: str = ""
) -> list[RoomLine]:
    """So many of those with a higher number than `after`. `status`: playing, ended or stopped."""
    said = dict(session_id=session_id, after=after, most=most, status=status)
    found = await (await conn.execute(SQL["room_numbers"], said)).fetchall()
    return await room_lines(conn, session_id, [number for (number,) in found])


async def room_line(conn: Connection, session_id: str, name: str) -> RoomLine | None:
    """The room of this name."""
    found: int | None = await value(conn, SQL["number_of_room"], session_id=session_id, name=name)
    return (await room_lines(conn, session_id, [found]))[0] if found is not None else None
