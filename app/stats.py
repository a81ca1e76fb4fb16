"""Figures, once a second: what this process does, and what each watched session looks like.

It has its own connection and its own task, so that the dashboard keeps ticking when everything else queues.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from app import clock, pulse
from app.db import Connection, Line, Queries, row, rows, value
from app.notes import Question, open_questions
from app.pulse import BEAT, Curve

SQL, SESSIONS, LOBBY = Queries("stats"), Queries("sessions"), Queries("lobby")
STATUSES = ("invited", "waiting", "playing", "finished", "left")
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Figures:
    """One process at one moment. Times in milliseconds."""

    streams: int = 0  # players' pages that are connected
    queued: int = 0  # forms waiting for their commit
    oldest: float = 0.0  # wait of the oldest of them
    commit_p50: float = 0.0
    commit_p95: float = 0.0
    lag: float = 0.0  # from a notification to its events handed on
    tick: float = 0.0  # how long the last tick took
    listening: bool = False
    answers: int = 0  # forms acknowledged since the process began
    messages: int = 0  # messages acknowledged since then
    cpu: float = 0.0  # seconds of processor time since then
    memory: float = 0.0  # resident, in megabytes
    processes: int = 1


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
    types: list[str]  # of the players, by slot
    states: list[str]  # answered, silent or left, by slot


@dataclass(frozen=True, slots=True)
class Totals:
    records: int
    messages: int


@dataclass(frozen=True, slots=True)
class UsualTimes:
    """Medians in seconds; None before there are any."""

    waited: float | None  # from signing in to a seat
    played: float | None  # from the seat to the end


@dataclass(frozen=True, slots=True)
class LogLine:
    at: datetime
    name: str
    label: str | None
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SessionState:
    id: str
    name: str
    status: str
    opened_at: datetime
    started_at: datetime | None
    paused_at: datetime | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Tick:
    """One session at one moment."""

    at: datetime
    session: SessionState
    counts: dict[str, int]  # status → players
    waiting: dict[str, int]  # type → players in the lobby
    rooms: list[RoomLine]
    totals: Totals
    records_a_second: float
    messages_a_second: float
    server: Figures  # all processes together
    log: list[LogLine]
    questions: Sequence[Question]  # who waits for a word from a researcher
    gone: int  # processes that were there a moment ago and did not say goodbye
    longest: dict[str, datetime]  # type → since when the first of those who wait does
    usual: UsualTimes
    curves: Sequence[Curve]

    @property
    def next_deadline(self) -> datetime | None:
        return min((room.deadline for room in self.rooms if room.status == "playing"), default=None)


@dataclass(slots=True)
class Board:
    """What the dashboards of one session show: the newest tick, rendered once for all who watch."""

    watchers: int = 0
    message: bytes = b""
    ticked: asyncio.Event = field(default_factory=asyncio.Event)
    before: tuple[float, Totals] | None = None

    async def messages(self) -> AsyncIterator[bytes]:
        """Each tick from now on; who is slow gets the newest and misses those between."""
        while True:
            await self.ticked.wait()
            yield self.message


class Stats:
    def __init__(
        self, url: str, process: str, figures: Callable[[], Figures], render: Callable[[Tick], bytes]
    ) -> None:
        self.line, self.process, self.figures, self.render = Line(url, "statistics"), process, figures, render
        self.boards: dict[str, Board] = {}
        self.took = 0.0  # seconds, the last tick
        self.beat = 0.0  # on the monotonic clock: when the next pulse is to be taken

    def watch(self, session_id: str) -> Board:
        board = self.boards.setdefault(session_id, Board())
        board.watchers += 1
        return board

    def unwatch(self, session_id: str) -> None:
        board = self.boards[session_id]
        board.watchers -= 1
        if not board.watchers:
            del self.boards[session_id]

    async def run(self) -> None:
        clock = asyncio.get_running_loop().time
        due = clock()
        try:
            while True:
                started = clock()
                try:
                    # Each process writes here each second: so it finds out first that the primary is another.
                    async with self.line.within(5) as conn:
                        await self._tick(conn)
                except (psycopg.Error, OSError, TimeoutError) as error:
                    logger.warning("statistics trying again: %s", str(error).partition("\n")[0])
                    self.line.drop()
                self.took = clock() - started
                due = max(due + 1.0, clock() - 0.5)
                await asyncio.sleep(max(0.0, due - clock()))
        finally:
            self.line.drop()

    async def say_goodbye(self) -> None:
        """This process ends as it should: nobody is to miss it."""
        with suppress(psycopg.Error, OSError, TimeoutError):
            async with self.line.within(2) as conn:
                await conn.execute(SQL["remove_process"], dict(id=self.process))
        self.line.drop()

    async def _tick(self, conn: Connection) -> None:
        figures, asked = Jsonb(asdict(self.figures())), datetime.now(UTC)
        database_now = await value(conn, SQL["put_figures"], id=self.process, figures=figures)
        clock.heard(database_now, asked, datetime.now(UTC))
        if time.monotonic() >= self.beat:
            self.beat = time.monotonic() + BEAT
            await pulse.take(conn)
        if not self.boards:
            return
        server = await read_server(conn)
        for session_id, board in list(self.boards.items()):
            try:
                tick = await read_tick(conn, session_id, server, board.before)
                board.message = self.render(tick)
            except (psycopg.OperationalError, OSError, TimeoutError):
                raise  # the database's trouble, not the session's
            except Exception:
                logger.exception("the dashboard of session %s can't be shown", session_id)
                continue
            board.before = (time.monotonic(), tick.totals)
            board.ticked.set()
            board.ticked = asyncio.Event()


async def read_server(conn: Connection) -> Figures:
    """All processes that have been seen in the last seconds, as one."""
    return together(list((await read_processes(conn)).values()))


async def read_processes(conn: Connection) -> dict[str, Figures]:
    """host:pid → figures, of each process that has been seen in the last seconds."""
    found = await (await conn.execute(SQL["figures"])).fetchall()
    return {id_: Figures(**figures) for id_, figures in found}


async def read_tick(
    conn: Connection, session_id: str, server: Figures, before: tuple[float, Totals] | None = None
) -> Tick:
    """`before`: monotonic time and totals of the tick before, from which the rates are made."""
    async with conn.pipeline():
        session = await row(conn, SessionState, SESSIONS["find_session_state"], id=session_id)
        counted = await conn.execute(SQL["player_counts"], dict(session_id=session_id))
        counts = dict.fromkeys(STATUSES, 0) | dict(await counted.fetchall())
        by_type = await conn.execute(LOBBY["waiting_by_type"], dict(session_id=session_id))
        waiting: dict[str, int] = dict(await by_type.fetchall())
        room_lines = await rows(conn, RoomLine, SQL["room_lines"], session_id=session_id)
        totals = await row(conn, Totals, SQL["totals"], session_id=session_id)
        log = await rows(conn, LogLine, SQL["newest_events"], session_id=session_id)
        questions = await open_questions(conn, session_id)
        gone = await value(conn, SQL["gone"])
        since = await conn.execute(SQL["longest_waits"], dict(session_id=session_id))
        longest: dict[str, datetime] = dict(await since.fetchall())
        usual = await row(conn, UsualTimes, SQL["usual_times"], session_id=session_id)
        now = clock.now()
        curves = await pulse.curves(conn, session_id, now)
    assert session is not None and totals is not None and usual is not None
    seconds = max(time.monotonic() - before[0], 0.001) if before else 1.0
    old = before[1] if before else totals
    return Tick(
        at=now,
        session=session,
        counts=counts,
        waiting=waiting,
        rooms=room_lines,
        totals=totals,
        records_a_second=(totals.records - old.records) / seconds,
        messages_a_second=(totals.messages - old.messages) / seconds,
        server=server,
        log=log,
        questions=questions,
        gone=gone,
        longest=longest,
        usual=usual,
        curves=curves,
    )


def together(figures: Sequence[Figures]) -> Figures:
    """All processes as one: counts add up, times are those of the slowest."""
    return Figures(
        streams=sum(one.streams for one in figures),
        queued=sum(one.queued for one in figures),
        oldest=max((one.oldest for one in figures), default=0.0),
        commit_p50=max((one.commit_p50 for one in figures), default=0.0),
        commit_p95=max((one.commit_p95 for one in figures), default=0.0),
        lag=max((one.lag for one in figures), default=0.0),
        tick=max((one.tick for one in figures), default=0.0),
        listening=bool(figures) and all(one.listening for one in figures),
        answers=sum(one.answers for one in figures),
        messages=sum(one.messages for one in figures),
        cpu=sum(one.cpu for one in figures),
        memory=sum(one.memory for one in figures),
        processes=len(figures),
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share (0 to 1) of `values` do not exceed; 0 if there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def resident_megabytes() -> float:
    """Of this process, now; where there is no /proc, the most that it has ever had."""
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * resource.getpagesize() / 1e6
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most / 1e6 if sys.platform == "darwin" else most / 1e3
