"""Networks of some people, between their browser and the server: what they do to event streams there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.house.proxy import Proxy, pieces, write_piece


@dataclass(slots=True)
class Network(Proxy):
    """It loses no piece of a stream, but keeps some for itself. What it does may change while streams go on."""

    holds: bool = False  # nothing gets through while this is so: a virus scanner, a laptop that slept
    one_late: bool = False  # each piece gets through with the next
    ends_after: float | None = None  # seconds after which it ends a stream
    kept: int = 0  # pieces that it has now

    async def _stream(self, request: bytes, far: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        held: list[bytes] = []
        async with asyncio.timeout(self.ends_after):
            async for data in pieces(far):
                held.append(data)
                self.kept = kept = len(held) if self.holds else int(self.one_late)
                gone = len(held) - kept
                await write_piece(back, b"".join(held[:gone]))
                del held[:gone]


@contextmanager
def standing(network: Network) -> Iterator[str]:
    """The address at which the server is reached through it."""
    loop, over, ready, address = asyncio.new_event_loop(), asyncio.Event(), threading.Event(), ""

    async def stand() -> None:
        nonlocal address
        async with network.running() as address:
            ready.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=[stand()])
    thread.start()
    try:
        assert ready.wait(10)
        yield address
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
        loop.close()
