"""The conductor moves rooms on and looks after the lobby when a deadline says so.

It runs in every process. Each room is claimed with SKIP LOCKED, so it is moved by one process at a time, and
whatever a killed process had claimed is free again at once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine, Iterable
from typing import Any

import psycopg

from app import lobby, rooms
from app.db import AWAY, Connection, Line
from app.sessions import Studies
from app.study import Position

SWEEP = 1.0  # seconds: even without any hint every room is looked at this often
PACE = 0.02  # seconds in which hints gather, so that a burst is looked at once
SHORTEST = 0.05  # seconds between two looks at something overdue that another process is busy with
REST = 10.0  # seconds before a session is tried again that could not go on
MOST = 100  # rooms in one transaction
logger = logging.getLogger(__name__)


class Conductor:
    def __init__(self, url: str, studies: Studies) -> None:
        self.line, self.studies = Line(url, "conductor"), studies
        self.hinted: set[int] = set()
        self.broken: dict[str, float] = {}  # session → when to try it again
        self.wake = asyncio.Event()

    def hint(self, room_ids: Iterable[int]) -> None:
        """Somebody in these rooms has just answered or left, in this process: perhaps they can move on.

        Of two processes that store the last answers of a room, the one that commits later sees both.
        """
        self.hinted.update(room_ids)
        self.wake.set()

    async def run(self) -> None:
        clock = asyncio.get_running_loop().time
        swept = due = 0.0
        while True:
            await asyncio.sleep(PACE)
            self.wake.clear()
            hinted, self.hinted = self.hinted, set()
            everywhere = clock() - swept >= SWEEP
            try:
                async with asyncio.timeout(15):
                    conn = await self.line.get()
                    if everywhere or clock() >= due:
                        wait = await self.move_on(conn, hinted, everywhere)
                        due = clock() + min(max(wait, SHORTEST), SWEEP)
                        swept = clock() if everywhere else swept
                    else:
                        await self.move_rooms(conn, hinted, False)
            except (psycopg.Error, OSError, TimeoutError) as error:
                logger.warning("conductor trying again: %s", str(error).partition("\n")[0])
                self.line.drop()
                self.hinted |= hinted
                swept, due = 0.0, clock() + 0.2
            try:
                async with asyncio.timeout_at(due):
                    await self.wake.wait()
            except TimeoutError:
                pass

    async def move_on(self, conn: Connection, hinted: Iterable[int], everywhere: bool) -> float:
        """Do all that is due now; returns the seconds until something will be."""
        await self.move_rooms(conn, hinted, everywhere)
        for session_id in await lobby.due(conn, everywhere):
            await self._in_session(session_id, self._seat(conn, session_id))
        return await rooms.seconds_to_next_deadline(conn, SWEEP)

    async def move_rooms(self, conn: Connection, hinted: Iterable[int], everywhere: bool) -> None:
        """Only the rooms: those past their deadline, and those of `hinted` in which everybody has answered."""
        ids = list(hinted)
        for session_id in await rooms.sessions_to_look_at(conn, ids, everywhere):
            await self._in_session(session_id, self._move_rooms(conn, session_id, ids, everywhere))

    async def _in_session(self, session_id: str, work: Coroutine[Any, Any, None]) -> None:
        """What is wrong with one session must not keep the others from going on."""
        if self.broken.get(session_id, 0.0) > time.monotonic():
            work.close()
            return
        try:
            await work
        except AWAY:
            raise  # the database's trouble, not the session's
        except Exception:
            logger.exception("session %s can't go on; the next try is in %.0f s", session_id, REST)
            self.broken[session_id] = time.monotonic() + REST

    async def _seat(self, conn: Connection, session_id: str) -> None:
        study = await self.studies.of(session_id)
        async with conn.transaction():
            await lobby.seat(conn, session_id, study, patient=False)

    async def _move_rooms(
        self, conn: Connection, session_id: str, hinted: list[int], everywhere: bool
    ) -> None:
        study = await self.studies.of(session_id)
        while True:
            async with conn.transaction():
                due = await rooms.claim_due(conn, session_id, hinted, everywhere, MOST)
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
            if len(due) < MOST:
                return
