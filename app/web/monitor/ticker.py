"""Figures, once a second: what this process does, and what each watched session looks like.

It has its own connection and its own task, so that the dashboard keeps ticking when everything else queues.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from app.database import clock
from app.database.connections import Connection, Line
from app.players import presence
from app.players.door import DoorCounts
from app.players.presence import Presence
from app.players.signs_of_life import Signs
from app.web import templates
from app.web.monitor import pulse
from app.web.monitor.broken import Breakages
from app.web.monitor.pulse import BEAT
from app.web.monitor.server_figures import (
    Figures,
    data_folder,
    put_acknowledged,
    put_figures,
    read_server,
    remove_process,
)
from app.web.monitor.ticks import Tick, read_tick

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Board:
    """What the dashboards of one session show: the newest tick, rendered once for all who watch."""

    watchers: int = 0
    walls: int = 0  # of them, those for a whole room to see
    message: bytes = b""
    on_wall: bytes = b""
    ticked: asyncio.Event = field(default_factory=asyncio.Event)
    before: Tick | None = None

    async def messages(self, wall: bool = False) -> AsyncIterator[bytes]:
        """Each tick from now on; who is slow gets the newest and misses those between."""
        while True:
            await self.ticked.wait()
            yield self.on_wall if wall else self.message


class Ticker:
    def __init__(
        self,
        url: str,
        process: str,
        figures: Callable[[], Figures],
        render: Callable[[Tick, bool], Awaitable[bytes]],
        presence: Presence,
        signs: Signs,
        door_counts: DoorCounts,
        acknowledged: Counter[str],
    ) -> None:
        self.line, self.process, self.figures, self.render = Line(url, "statistics"), process, figures, render
        self.presence, self.signs, self.acknowledged = presence, signs, acknowledged
        self.door_counts = door_counts
        self.breakages = Breakages()
        templates.told_of_broken.append(self.breakages.hear)
        templates.told_of_unloaded.append(self.breakages.hear_unloaded)
        self.began = datetime.now(UTC)
        self.told: dict[str, int] = {}  # acknowledged, as it was written
        self.met: Connection | None = None  # the connection that everything has been told on
        self.folder: Path | None = None  # of the data of Postgres, if it is on this machine
        self.boards: dict[str, Board] = {}
        self.took = 0.0  # seconds, the last tick
        self.beat = 0.0  # on the monotonic clock: when the next pulse is to be taken

    def watch(self, session_id: str, wall: bool = False) -> Board:
        board = self.boards.setdefault(session_id, Board())
        board.watchers += 1
        board.walls += wall
        return board

    def unwatch(self, session_id: str, wall: bool = False) -> None:
        board = self.boards[session_id]
        board.watchers -= 1
        board.walls -= wall
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
                await presence.end(conn, self.process)
                await remove_process(conn, self.process)
        self.line.drop()

    async def _tick(self, conn: Connection) -> None:
        if conn is not self.met:
            await self._meet(conn)
        told, asked = self.figures(), datetime.now(UTC)
        database_now = await put_figures(conn, self.process, told)
        clock.heard(database_now, asked, datetime.now(UTC))
        await self.signs.write(conn, self.process)
        await self.presence.write(conn, self.process)
        await self.door_counts.write(conn)
        await self.breakages.write(conn)
        await self._tell_acknowledged(conn)
        if time.monotonic() >= self.beat:
            self.beat = time.monotonic() + BEAT
            await pulse.take(conn)
        if not self.boards:
            return
        server = await read_server(conn)
        for session_id, board in list(self.boards.items()):
            try:
                tick = await read_tick(conn, session_id, server, board.before)
                board.message = await self.render(tick, False)
                board.on_wall = await self.render(tick, True) if board.walls else b""
            except (psycopg.OperationalError, OSError, TimeoutError):
                raise  # the database's trouble, not the session's
            except Exception:
                logger.exception("the dashboard of session %s can't be shown", session_id)
                continue
            board.before = tick
            board.ticked.set()
            board.ticked = asyncio.Event()

    async def _meet(self, conn: Connection) -> None:
        """A new connection, perhaps to a Postgres that has lost what a crash may take, or to another one."""
        if self.met is None:
            await presence.end(conn, self.process)
        self.folder = await data_folder(conn)
        self.told = {}
        self.presence.write_again()
        self.met = conn

    def disk_free(self) -> float | None:
        """Gigabytes where Postgres has its data; None if that is not known here."""
        with suppress(OSError):
            return shutil.disk_usage(self.folder).free / 1e9 if self.folder else None
        return None

    async def _tell_acknowledged(self, conn: Connection) -> None:
        now = dict(self.acknowledged)
        news = {session: count for session, count in now.items() if self.told.get(session) != count}
        if news:
            await put_acknowledged(conn, self.process, self.began, news)
            self.told = now
