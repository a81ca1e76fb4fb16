"""Turns: what takes much of a core, of Postgres or of the disk is done a few at a time, and not everybody may wait."""

from __future__ import annotations

import asyncio
from types import TracebackType

from app.database.group_commit import Busy


class Turns:
    """`async with` waits for a turn."""

    def __init__(self, at_once: int, line: int) -> None:
        self.free, self.line, self.waiting = asyncio.Semaphore(at_once), line, 0

    def check(self) -> None:
        """Before one waits. Raises `Busy` where as many do as the line takes."""
        if self.waiting >= self.line:
            raise Busy

    async def __aenter__(self) -> None:
        self.waiting += 1
        try:
            await self.free.acquire()
        finally:
            self.waiting -= 1

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.free.release()
