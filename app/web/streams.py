"""Server-sent events, as raw ASGI: a page's stream costs little more than its bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from litestar.types import Receive, Send

from app.web.fragments import beat
from app.web.straight import Straight

QUIET = 3.0  # seconds until a stream gives a sign of life; static/js/connection.js waits a little longer
HELLO = b": hello\n\n"
HEADERS = [(b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no")]
REFUSED = {  # status → what somebody reads who opens the address by hand
    403: "Nobody is signed in here. Open your link again, or log in.",
    404: "There is no such page. Go back to the list of sessions.",
    409: "This browser goes on as another player. Reload the page.",
    429: "This page is open too often. Close the others, then reload it.",
}
_open: dict[asyncio.Timeout, None] = {}  # the life of each stream that goes on
_stopping = False


async def send_stream(
    receive: Receive, send: Send, messages: AsyncIterator[bytes], straight: Straight | None = None
) -> None:
    """Send messages until the client goes, the server stops or the messages end. Some may go `straight`, between them.

    Whatever ends a stream does so through its time limit. To wait for the next message, the client's going and the
    stop together would make a task and a timer for each message: three quarters of what sending it takes.
    """
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    pulse, life = _Pulse(send, straight), asyncio.timeout(None)
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
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": REFUSED[status].encode(), "more_body": False})


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
    """A sign of life whenever a stream has been quiet, by which a page knows that its stream comes through.

    It also pushes on what something between here and the page keeps until the next piece comes, and nothing cuts the
    connection for being idle.
    """

    __slots__ = ("beating", "last", "loop", "send", "straight", "timer")

    def __init__(self, send: Send, straight: Straight | None) -> None:
        self.send, self.straight, self.loop = send, straight, asyncio.get_running_loop()
        self.beating: asyncio.Task[None] | None = None
        self.last = self.loop.time()
        self.timer = self.loop.call_at(self.last + QUIET, self.beat)

    def beat(self) -> None:
        now = self.loop.time()
        if self.straight is not None:
            self.last = max(self.last, self.straight.last)
        if now >= self.last + QUIET:
            self.last = now
            if self.beating is None or self.beating.done():  # or the page does not even take the one before
                self.beating = self.loop.create_task(_send(self.send, beat()))
        self.timer = self.loop.call_at(self.last + QUIET, self.beat)

    def end(self) -> None:
        self.timer.cancel()
        if self.beating:
            self.beating.cancel()
