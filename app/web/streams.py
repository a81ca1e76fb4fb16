"""Server-sent events, as raw ASGI: a page's stream costs little more than its bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from litestar.types import Receive, Send

QUIET = 15.0  # seconds after which a comment keeps the connection alive
HELLO, STILL_HERE = b": hello\n\n", b": still here\n\n"
HEADERS = [(b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no")]
_open: dict[asyncio.Timeout, None] = {}  # the life of each stream that goes on
_stopping = False


async def send_stream(receive: Receive, send: Send, messages: AsyncIterator[bytes]) -> None:
    """Send messages until the client goes, the server stops or the messages end.

    Whatever ends a stream does so through its time limit. To wait for the next message, the client's going and the
    stop together would make a task and a timer for each message: three quarters of what sending it takes.
    """
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    pulse, life = _Pulse(send), asyncio.timeout(None)
    gone = asyncio.create_task(_end_when_gone(receive, life))
    try:
        async with life:
            _open[life] = None
            if _stopping:
                _end(life)
            await _send(send, HELLO)
            async for message in messages:
                pulse.last = pulse.loop.time()
                await _send(send, message)
    except TimeoutError:
        if not life.expired():
            raise
    finally:
        _open.pop(life, None)
        pulse.end()
        gone.cancel()
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def refuse(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def stop() -> None:
    """End all streams: the server has been told to stop."""
    global _stopping
    _stopping = True
    for life in list(_open):
        _end(life)


async def _end_when_gone(receive: Receive, life: asyncio.Timeout) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    _end(life)


def _end(life: asyncio.Timeout) -> None:
    if life in _open:  # once
        del _open[life]
        life.reschedule(0)


async def _send(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


class _Pulse:
    """A comment whenever a stream has been quiet for long, so that nothing between here and the page cuts it."""

    __slots__ = ("comment", "last", "loop", "send", "timer")

    def __init__(self, send: Send) -> None:
        self.send, self.loop = send, asyncio.get_running_loop()
        self.comment: asyncio.Task[None] | None = None
        self.last = self.loop.time()
        self.timer = self.loop.call_at(self.last + QUIET, self.beat)

    def beat(self) -> None:
        now = self.loop.time()
        if now >= self.last + QUIET:
            self.last = now
            if self.comment is None or self.comment.done():  # or the page does not even take the one before
                self.comment = self.loop.create_task(_send(self.send, STILL_HERE))
        self.timer = self.loop.call_at(self.last + QUIET, self.beat)

    def end(self) -> None:
        self.timer.cancel()
        if self.comment:
            self.comment.cancel()
