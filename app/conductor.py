"""The conductor moves rooms on and looks after the lobby when a deadline says so.

It runs in every process. Each room is claimed with SKIP LOCKED, so it is moved by one process at a time, and
whatever a killed process had claimed is free again at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from datetime import timedelta

import psycopg

from app import lobby, rooms
from app.db import Connection, Line, Queries, value
from app.rooms import DueRoom
from app.sessions import Studies
from app.study import Position

SQL = Queries("rooms")
SWEEP = 2.0  # seconds: even without any hint every room is looked at this often
SHORTEST = 0.01  # seconds between two looks at something overdue that another process is busy with
MOST = 100  # rooms in one transaction
logger = logging.getLogger(__name__)


class Conductor:
    def __init__(self, url: str, studies: Studies) -> None:
        self.line, self.studies = Line(url, "conductor"), studies
        self.hinted: set[int] = set()
        self.wake = asyncio.Event()

    def hint(self, logs: Iterable[int]) -> None:
        """Something happened in these logs: perhaps everyone in a room has answered now."""
        self.hinted.update(logs)
        self.wake.set()

    async def run(self) -> None:
        clock = asyncio.get_running_loop().time
        swept = 0.0
        while True:
            self.wake.clear()
            hinted, self.hinted = self.hinted, set()
            everywhere = clock() - swept >= SWEEP
            try:
                async with asyncio.timeout(15):
                    wait = await self.move_on(await self.line.get(), hinted, everywhere)
                swept = clock() if everywhere else swept
            except (psycopg.Error, OSError, TimeoutError) as error:
                logger.warning("conductor trying again: %s", str(error).partition("\n")[0])
                self.line.drop()
                self.hinted |= hinted
                swept, wait = 0.0, 0.2
            try:
                async with asyncio.timeout(min(max(wait, SHORTEST), SWEEP)):
                    await self.wake.wait()
            except TimeoutError:
                pass

    async def move_on(self, conn: Connection, logs: Iterable[int], everywhere: bool) -> float:
        """Do all that is due now; returns the seconds until something will be."""
        while True:
            async with conn.transaction():
                due = await rooms.claim_due(conn, list(logs), everywhere, MOST)
                for session_id in sorted({room.session_id for room in due}):
                    await self._advance(
                        conn, session_id, [room for room in due if room.session_id == session_id]
                    )
            if len(due) < MOST:
                break
        lobbies = await conn.execute(lobby.SQL["due_lobbies"], dict(everywhere=everywhere))
        for (session_id,) in await lobbies.fetchall():
            study = await self.studies.of(session_id)
            async with conn.transaction():
                await lobby.seat(conn, session_id, study)
        wait: timedelta | None = await value(conn, SQL["next_deadline"])
        return SWEEP if wait is None else wait.total_seconds()

    async def _advance(self, conn: Connection, session_id: str, due: list[DueRoom]) -> None:
        study = await self.studies.of(session_id)
        moves: list[tuple[int, Position]] = []
        done: list[int] = []
        for room in due:
            if room.position + 1 < len(study.plan) and not room.deserted:
                moves.append((room.id, study.plan[room.position + 1]))
            else:
                done.append(room.id)
        if moves:
            await rooms.advance(conn, moves)
        if done:
            await rooms.end(conn, done, "complete", study)
