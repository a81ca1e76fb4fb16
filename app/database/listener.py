"""One LISTEN connection a process. What it hears is a hint: which logs to read again."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable

import psycopg

from app.database.connections import connect

CHANNEL = "networklab"
ACCESS = "access"  # instead of logs: log-ins have ended
LONG = 20  # digits: no number of a log has so many
TYPING = "typing "  # … somebody is writing a message, and what follows says who and where
logger = logging.getLogger(__name__)


class Listener:
    """Calls `on_hint(log ids)` for each notification and `on_connect()` after each LISTEN.

    `on_access()`: log-ins have ended. `on_typing(told)`: see rooms/typists.py. `passes_over(backend)`: what comes from
    there needs no hint. All must be quick and must not raise.
    Between two connections anything may have been missed, so `on_connect` has to make its owner read everything again.
    """

    def __init__(
        self,
        url: str,
        on_hint: Callable[[set[int]], None],
        on_connect: Callable[[], None],
        on_access: Callable[[], None] = lambda: None,
        on_typing: Callable[[str], None] = lambda _: None,
        passes_over: Callable[[int], bool] = lambda _: False,
        quiet: float = 15.0,
        patience: float = 5.0,
    ) -> None:
        self.url, self.on_hint, self.on_connect, self.on_access = url, on_hint, on_connect, on_access
        self.on_typing, self.passes_over = on_typing, passes_over
        self.quiet = quiet  # seconds of silence after which the peer must prove that it is alive
        self.patience = patience  # seconds that it has for that
        self.connected = asyncio.Event()
        self.connections = 0

    async def run(self) -> None:
        delay = 0.1
        while True:
            try:
                await self._listen()
            except (psycopg.Error, OSError, TimeoutError) as error:
                logger.warning(
                    "listener lost its connection, trying again: %s", str(error).partition("\n")[0]
                )
            delay = 0.1 if self.connected.is_set() else min(delay * 2, 2.0)
            self.connected.clear()
            await asyncio.sleep(delay * random.uniform(0.5, 1.5))

    async def _listen(self) -> None:
        conn = await connect(self.url, "listener")
        try:
            await conn.execute(f"listen {CHANNEL}".encode())
            self.connections += 1
            self.connected.set()
            self.on_connect()
            silent = 0.0
            while True:
                heard, silence = set[int](), True
                async for notification in conn.notifies(timeout=1.0, stop_after=1):
                    silence = False
                    if self.passes_over(notification.pid):
                        continue
                    if notification.payload.startswith(TYPING):
                        self.on_typing(notification.payload.removeprefix(TYPING))
                        continue
                    if notification.payload == ACCESS:
                        self.on_access()
                    logs = notification.payload.split(",")
                    heard.update(int(log) for log in logs if log.isdecimal() and len(log) < LONG)
                silent = silent + 1.0 if silence else 0.0
                if heard:
                    self.on_hint(heard)
                if silent >= self.quiet:
                    silent = 0.0
                    async with asyncio.timeout(self.patience):
                        await conn.execute("select 1")
        finally:
            conn.pgconn.finish()  # close() would wait for a dead peer
