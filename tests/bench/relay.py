"""A way to Postgres that is longer than it is: each piece, in either direction, arrives half of `MILLISECONDS` later.

`python -m tests.bench.relay MILLISECONDS FAR NEAR`, two Unix sockets; it tells on its output that it listens, and ends
with whoever started it.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import uvloop


class _End(asyncio.Protocol):
    """One end of a connection. What it hears goes out at `other`, later, in the order in which it came."""

    def __init__(self, delay: float) -> None:
        self.delay, self.other, self.transport = delay, self, asyncio.Transport()
        self.early: list[bytes] = []  # what came before the other end was there

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self.other is self:
            self.early.append(data)
        else:
            asyncio.get_running_loop().call_later(self.delay, self.other.transport.write, data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.other is not self:
            asyncio.get_running_loop().call_later(self.delay, self.other.transport.close)


class _Near(_End):
    def __init__(self, delay: float, far: str) -> None:
        super().__init__(delay)
        self.far = far

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.joined = asyncio.ensure_future(self._join())

    async def _join(self) -> None:
        loop = asyncio.get_running_loop()
        _, far = await loop.create_unix_connection(lambda: _End(self.delay), self.far)
        far.other, self.other = self, far
        for data in self.early:
            self.data_received(data)


async def _relay(milliseconds: float, far: str, near: str) -> None:
    loop = asyncio.get_running_loop()
    await loop.create_unix_server(lambda: _Near(milliseconds / 2000, far), near, backlog=1000)
    print("listens", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)  # until whoever started it has gone


if __name__ == "__main__":
    uvloop.run(_relay(float(sys.argv[1]), sys.argv[2], sys.argv[3]))
