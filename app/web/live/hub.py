"""The hub keeps one cursor per log that somebody watches and hands on what is new, in order.

A notification, a poll every two seconds or a reconnected listener only say *when* to look. What is handed
on comes from the event rows, so a hint that is lost costs a moment and one that comes twice costs nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager

import psycopg
from psycopg import AsyncCursor

from app.database.breath import Breath
from app.database.connections import Connection, Line
from app.database.events import Event, ask_events, events_after

POLL = 2.0  # seconds
PACE = 0.015  # … between the beginnings of two looks at least: under load many rooms share one
MOST = 500  # events of one log in one go
logger = logging.getLogger(__name__)

Then = Callable[[Connection, object], Awaitable[None]]
Publish = Callable[[list[Event]], Awaitable[None]]


class Hub:
    """`publish(events)` gets, for all watched logs together, every event after their cursors, once."""

    def __init__(self, url: str, publish: Publish) -> None:
        self.line, self.publish = Line(url, "hub"), publish
        self.cursors: dict[int, int] = {}
        self.reading: dict[int, int] = {}  # the cursors of what is being read and handed on now
        self.hinted: dict[int, float] = {}  # log → when the hint came
        self.wake = asyncio.Event()
        self.lag = 0.0  # seconds from a hint to its events handed on, the last time

    def watch(self, log_id: int, seq: int) -> None:
        """Hand on what comes after `seq`, if the log's cursor is not ahead of it then: look at `cursors`."""
        if log_id not in self.cursors:
            # What is on its way begins after a cursor that may be ahead of `seq`: who asks has to read again.
            self.cursors[log_id] = max(seq, self.reading.get(log_id, 0))
            self.hint([log_id])  # something may have come since `seq` was read

    def forget(self, log_id: int) -> None:
        self.cursors.pop(log_id, None)

    def hint(self, logs: Iterable[int]) -> None:
        now = time.monotonic()
        for log in logs:
            if log in self.cursors:
                self.hinted.setdefault(log, now)
        if self.hinted:
            self.wake.set()

    def hint_all(self) -> None:
        self.hint(list(self.cursors))

    @asynccontextmanager
    async def telling(self, logs: Callable[[], Collection[int]]) -> AsyncIterator[Then]:
        """For whoever writes into logs: what they say by then is handed on as soon as that is committed.

        The function that this gives is to be called last in the transaction. `logs`: those that it writes into and that
        are watched, whenever it is asked. What can't be handed on at once is looked at, as after any other hint.
        """
        after, asked, told = dict[int, int](), list[AsyncCursor[Event]](), set[int]()

        async def ask(conn: Connection, _: object) -> None:
            after.update({log: self.cursors[log] for log in logs() if log in self.cursors})
            if after:
                asked.append(await ask_events(conn, after, MOST))

        try:
            yield ask
            for cursor in asked:
                told = await self._tell(after, await cursor.fetchall())
        finally:
            self.hint(set(logs()) - told)

    async def _tell(self, after: Mapping[int, int], events: Sequence[Event]) -> set[int]:
        """Hand on what is new in these logs, unless it is on its way already; gives those that it was done for."""
        count = Counter(event.log_id for event in events)
        # To read what was said would take a while, in which the log's events could come from elsewhere.
        waits = {event.log_id for event in events if event.name == "message_sent"}
        told = {
            log
            for log, seq in after.items()
            if self.cursors.get(log) == seq
            and not (log in self.reading or log in waits or count[log] == MOST)
        }
        if news := [event for event in events if event.log_id in told]:
            await self.publish(news)
        for event in news:
            self.cursors[event.log_id] = event.seq
        return told

    async def run(self) -> None:
        breath, polled = Breath(PACE), time.monotonic()
        while True:
            try:
                async with asyncio.timeout(max(0.0, polled + POLL - time.monotonic())):
                    await self.wake.wait()
            except TimeoutError:
                pass
            if time.monotonic() >= polled + POLL:  # however much there is to do
                polled = time.monotonic()
                self.hint_all()
            async with breath:
                self.wake.clear()
                hinted, self.hinted = self.hinted, {}
                if hinted:
                    await self._look(hinted)

    async def _look(self, hinted: dict[int, float]) -> None:
        try:
            async with asyncio.timeout(15):
                await self._catch_up(await self.line.get(), set(hinted))
            self.lag = time.monotonic() - min(hinted.values())
        except (psycopg.Error, OSError, TimeoutError) as error:
            logger.warning("hub could not read the logs, trying again: %s", str(error).partition("\n")[0])
            self.line.drop()
            await asyncio.sleep(0.2)
            self.hint(hinted)

    async def _catch_up(self, conn: Connection, logs: set[int]) -> None:
        try:
            while logs:
                self.reading = {log: self.cursors[log] for log in logs if log in self.cursors}
                if not self.reading:
                    return
                events = await events_after(conn, self.reading, MOST)
                count: dict[int, int] = {}
                for event in events:
                    count[event.log_id] = count.get(event.log_id, 0) + 1
                if events:
                    await self.publish(events)
                for event in events:
                    if event.log_id in self.cursors:
                        self.cursors[event.log_id] = event.seq
                logs = {log for log, number in count.items() if number == MOST}
        finally:
            self.reading = {}
