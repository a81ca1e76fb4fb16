"""Commit together: many requests' rows in one statement and one commit, each answered after its own commit.

A direct write per request is limited by one flush (and, with NOTIFY, one lock) per commit. Here each
process puts what its requests want to store on a bounded queue; one task stores the whole queue in one
transaction and only then lets the requests answer. Nothing is acknowledged that is not on disk, and a
crash loses nothing that was.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import psycopg

from app.database.breath import Breath
from app.database.connections import Connection, Line
from app.database.lately import Lately

BATCH = (
    128  # entries: with 64, half of 200 connections waited for the batch after next (p99 51 ms instead of 45)
)
PATIENCE = 20.0  # seconds that one form may wait before its client is told to come again
# 08 connection, 40 rolled back, 53 resources, 55 not ready, 57 stopped by somebody, 58 system: may work later.
PASSING = {"08", "40", "53", "55", "57", "58"}
READ_ONLY = "25006"  # another Postgres has become the primary
Entry = TypeVar("Entry")
Outcome = TypeVar("Outcome")
logger = logging.getLogger(__name__)


class Busy(Exception):
    """Too much is waiting, or the database is away: nothing was acknowledged, send the same form again."""


class GroupCommit(Generic[Entry, Outcome]):
    """`store(conn, entries)` commits all entries, in one round trip, and returns their outcomes in order.

    `conn` is in autocommit: what `store` sends in one pipeline is one transaction, and its commit does not wait
    for this process to come round, with rows locked that other processes want.

    Storing the same entry twice must give the same outcome as storing it once: when a connection breaks during a
    commit nobody knows whether it took place, and the batch is sent again.
    """

    def __init__(
        self,
        name: str,
        url: str,
        store: Callable[[Connection, Sequence[Entry]], Awaitable[list[Outcome]]],
        limit: int,
        pace: float = 0.0,
    ) -> None:
        """`pace`: seconds between the beginnings of two batches at least, so that more share what each costs."""
        self.name, self.store, self.limit, self.breath = name, store, limit, Breath(pace)
        self.line = Line(url, f"group commit of {name}")
        self.waiting: deque[tuple[Entry, asyncio.Future[Outcome], float]] = deque()  # since when
        # The batch that is with Postgres
        self.storing: list[tuple[Entry, asyncio.Future[Outcome], float]] = []
        self.acknowledged = 0
        self.latencies = Lately()  # seconds from asking to acknowledged
        self.wake = asyncio.Event()

    @property
    def queued(self) -> int:
        return len(self.waiting) + len(self.storing)

    @property
    def oldest(self) -> float:
        """Seconds that the oldest entry has waited."""
        return time.monotonic() - self.waiting[0][2] if self.waiting else 0.0

    async def commit(self, entry: Entry) -> Outcome:
        """Returns when `entry` is on disk. Raises `Busy`, or what the database says against this one entry."""
        return await self.submit(entry)

    def submit(self, entry: Entry) -> asyncio.Future[Outcome]:
        """The same for whoever has no task to wait in. Raises `Busy` at once if too much is waiting."""
        if self.queued >= self.limit:
            raise Busy
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Outcome] = loop.create_future()
        self.waiting.append((entry, future, time.monotonic()))
        self.wake.set()
        return future

    async def run(self) -> None:
        watch = asyncio.create_task(self._watch())
        try:
            while True:
                await self.wake.wait()
                self.wake.clear()
                while self.waiting:
                    async with self.breath:
                        await self._gather()
                        self.storing = [self.waiting.popleft() for _ in range(min(BATCH, len(self.waiting)))]
                        # Whoever stopped waiting has told its client to send the form again.
                        await self._settle([entry for entry in self.storing if not entry[1].done()])
                        self.storing = []
        finally:
            watch.cancel()
            self.line.drop()
            for _, future, _ in self.waiting:
                future.cancel()

    async def _gather(self) -> None:
        """Let requests that have come in already join the batch: a commit of 40 costs little more than one of 10."""
        before = 0
        while before < len(self.waiting) < BATCH:
            before = len(self.waiting)
            await asyncio.sleep(0)

    async def _watch(self) -> None:
        """Whoever has waited too long is told to come again; a timer for each would cost more than the forms do."""
        while True:
            await asyncio.sleep(1)
            now = time.monotonic()
            for _, future, since in [*self.storing, *self.waiting]:
                if now - since > PATIENCE and not future.done():
                    future.set_exception(Busy())

    async def _settle(self, batch: list[tuple[Entry, asyncio.Future[Outcome], float]]) -> None:
        """Store `batch`; if the database refuses it, halve it until only the guilty entry fails."""
        if not batch:
            return
        try:
            outcomes = await self._store([entry for entry, _, _ in batch])
        except Exception as error:
            if len(batch) == 1 or isinstance(error, Busy):
                for _, future, _ in batch:
                    if not future.done():
                        future.set_exception(error)
                return
            middle = len(batch) // 2
            await self._settle(batch[:middle])
            await self._settle(batch[middle:])
            return
        now = time.monotonic()
        for (_, future, since), outcome in zip(batch, outcomes, strict=True):
            if not future.done():
                future.set_result(outcome)
                self.latencies.append(now - since)
                self.acknowledged += 1

    async def _store(self, entries: list[Entry]) -> list[Outcome]:
        delay, started = 0.05, time.monotonic()
        while True:
            try:
                async with asyncio.timeout(PATIENCE):
                    return await self.store(await self.line.get(), entries)
            except (psycopg.Error, OSError, TimeoutError) as error:
                if not _may_pass(error):
                    raise
                # The commit may have taken place: the entries' form keys make asking again safe.
                self.line.drop()
                if time.monotonic() - started > PATIENCE:
                    raise Busy from error
                logger.warning(
                    "group commit of %s: %s; trying again", self.name, str(error).partition("\n")[0]
                )
                await asyncio.sleep(delay)
                delay = min(delay * 2, 1.0)


def _may_pass(error: Exception) -> bool:
    if isinstance(error, psycopg.Error) and error.sqlstate:
        return error.sqlstate[:2] in PASSING or error.sqlstate == READ_ONLY
    # What psycopg itself says against a value, such as a NUL in a text, has no code and would never pass.
    return not isinstance(error, psycopg.DataError | psycopg.ProgrammingError | psycopg.NotSupportedError)
