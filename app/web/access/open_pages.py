"""Researchers' pages that this process sends a stream to: each ends with its log-in or its right, within a second.

A notification says when to look, and without one they are looked at every second. What counts is the row of the log-in.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress

from app.database.connections import AWAY, Line
from app.web.access.logins import still_open

LOOK = 1.0  # seconds
logger = logging.getLogger(__name__)


class OpenPage:
    def __init__(self, login_id: int, session_id: str) -> None:
        self.of, self.ended = (login_id, session_id), asyncio.Event()

    async def follow(self, messages: AsyncIterator[bytes], farewell: bytes) -> AsyncIterator[bytes]:
        """These messages while log-in and right hold, and then the farewell."""
        over: asyncio.Task[object] = asyncio.ensure_future(self.ended.wait())
        following: asyncio.Task[bytes] | None = None
        try:
            while True:
                following = asyncio.ensure_future(_next(messages))
                await asyncio.wait({following, over}, return_when=asyncio.FIRST_COMPLETED)
                if over.done():
                    yield farewell
                    return
                yield following.result()
        finally:
            over.cancel()
            if following:
                following.cancel()


class OpenPages:
    def __init__(self, url: str) -> None:
        self.line = Line(url, "access")
        self.pages: dict[OpenPage, None] = {}
        self.wake = asyncio.Event()

    def hint(self) -> None:
        self.wake.set()

    @contextmanager
    def showing(self, login_id: int, session_id: str) -> Iterator[OpenPage]:
        page = OpenPage(login_id, session_id)
        self.pages[page] = None
        self.wake.set()  # the log-in may have ended since it was read
        try:
            yield page
        finally:
            del self.pages[page]

    def shown_to(self, login_id: int) -> int:
        """How many there are of one log-in."""
        return sum(page.of[0] == login_id for page in self.pages)

    async def run(self) -> None:
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK):
                        await self.wake.wait()
                self.wake.clear()
                if self.pages:
                    await self._look()
        finally:
            self.line.drop()

    async def _look(self) -> None:
        pages = list(self.pages)
        try:
            async with self.line.within(5) as conn:
                hold = await still_open(conn, {page.of for page in pages})
        except AWAY as error:
            logger.warning("log-ins can't be read, trying again: %s", str(error).partition("\n")[0])
            self.line.drop()
            await asyncio.sleep(0.2)
            return
        for page in pages:
            if page.of not in hold:
                page.ended.set()


async def _next(messages: AsyncIterator[bytes]) -> bytes:
    return await anext(messages)
