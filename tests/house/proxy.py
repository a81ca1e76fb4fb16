"""A proxy between players and server that breaks a promise on purpose: what a rehearsal must notice."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


@dataclass(slots=True)
class Exchange:
    """A request and its answer, both whole, head and body; `answer` may be changed, or None to swallow it."""

    request: bytes
    answer: bytes | None


@dataclass(slots=True)
class Proxy:
    """`answered` may change an exchange; `said(request, data)` gives what goes on instead of a piece of a stream."""

    target: int  # the server's port
    answered: Callable[[Exchange], None] = lambda exchange: None
    said: Callable[[bytes, bytes], bytes] = lambda request, data: data

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Its address."""
        links: set[asyncio.Task[None]] = set()

        def connected(near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
            links.add(asyncio.create_task(self._serve(near, back)))

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            for link in links:
                link.cancel()
            await asyncio.wait(links)

    async def _serve(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        ahead: asyncio.StreamWriter | None = None
        try:
            far, ahead = await asyncio.open_connection("127.0.0.1", self.target)
            while True:
                request = await _message(near)
                ahead.write(request)
                head = await far.readuntil(b"\r\n\r\n")
                if b"text/event-stream" in head:
                    back.write(head)
                    await self._stream(request, far, back)
                    return
                exchange = Exchange(request, head + await far.readexactly(_length(head)))
                self.answered(exchange)
                if exchange.answer is None:
                    return
                back.write(exchange.answer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # one of the two has gone
        except asyncio.CancelledError:
            for writer in (back, ahead):
                if writer:
                    writer.transport.abort()  # it would wait for a browser that takes nothing any more
            raise
        finally:
            for writer in (back, ahead):
                if writer:
                    writer.close()

    async def _stream(self, request: bytes, far: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        async for data in pieces(far):
            await write_piece(back, self.said(request, data))
        await write_piece(back, None)


async def pieces(far: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Of a stream, until it ends."""
    while size := int(await far.readuntil(b"\r\n"), 16):
        yield (await far.readexactly(size + 2))[:-2]


async def write_piece(back: asyncio.StreamWriter, data: bytes | None) -> None:
    """None: the end."""
    if data or data is None:
        data = data or b""
        back.write(b"%x\r\n%s\r\n" % (len(data), data))
        with suppress(OSError):
            await back.drain()


async def _message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    return head + await reader.readexactly(_length(head))


def _length(head: bytes) -> int:
    found = LENGTH.search(head)
    return int(found[1]) if found else 0
