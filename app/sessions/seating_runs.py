"""Seating on request: whoever has just signed in waits for a seating run that started afterwards.

700 people sign in within seconds. Each needs a look at the lobby after their own sign-in, but one look serves
all who came before it: while one run holds the lobby, those who arrive share the next.
"""

from __future__ import annotations

import asyncio

from app.database.connections import Pool
from app.rooms import lobby
from app.sessions.studies import Studies
from app.study.hooks.pool import Hooks


class SeatingRuns:
    def __init__(self, pool: Pool, studies: Studies, hooks: Hooks | None = None) -> None:
        self.pool, self.studies, self.hooks = pool, studies, hooks
        self.running: dict[str, asyncio.Task[None]] = {}
        self.next: dict[str, asyncio.Task[None]] = {}
        self.arrived: dict[str, list[int]] = {}  # who shares the next run
        self.ready: dict[str, list[int]] = {}  # who says in the next run that they are

    async def seat(self, session_id: str, player_id: int, ready: bool = False) -> None:
        """Returns when a run that began after this call has committed. `ready`: they say that they are."""
        run = self.next.get(session_id)
        if run is None:
            self.arrived[session_id] = []
            run = self.next[session_id] = asyncio.create_task(self._run(session_id))
        (self.ready if ready else self.arrived).setdefault(session_id, []).append(player_id)
        await asyncio.shield(run)

    async def _run(self, session_id: str) -> None:
        if before := self.running.get(session_id):
            await asyncio.wait([before])
        me = self.running[session_id] = self.next.pop(session_id)
        arrived, ready = self.arrived.pop(session_id), self.ready.pop(session_id, [])
        try:
            study = await self.studies.of(session_id)
            async with self.pool.connection() as conn, conn.transaction():
                if study.lobby.seat_hook:
                    study = await self.studies.current(conn, session_id)
                await lobby.seat(conn, session_id, study, arrived=arrived, hooks=self.hooks, ready=ready)
        finally:
            if self.running.get(session_id) is me:
                del self.running[session_id]
