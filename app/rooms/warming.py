"""Warming: where rooms play that may make moves, processes for their hooks wait before anybody makes the first one."""

from __future__ import annotations

import asyncio

from app.database.connections import Connection
from app.database.queries import Queries
from app.study.hooks.pool import Hooks
from app.study.stored import Studies

SQL = Queries(__name__)


class Warming:
    """Of studies that this process knows: whoever makes a move has had a page from it."""

    def __init__(self, studies: Studies, hooks: Hooks) -> None:
        self.studies, self.hooks = studies, hooks
        self.tasks = set[asyncio.Task[None]]()

    async def look(self, conn: Connection) -> None:
        """Call it again and again: what is kept warm gets cold."""
        moving = {
            session_id: study
            for session_id, study in self.studies.known.items()
            if any(step.moves for step in study.all_steps)
        }
        if not moving:
            return
        found = await conn.execute(SQL["those_that_play"], dict(ids=list(moving)))
        for (session_id,) in await found.fetchall():
            task = asyncio.create_task(self.hooks.keep_warm(moving[session_id]))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
