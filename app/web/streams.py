"""Server-sent events, as raw ASGI: a page's stream costs little more than its bytes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import psycopg
from litestar import asgi, get
from litestar.connection import ASGIConnection
from litestar.types import ASGIApp, Receive, Scope, Send
from psycopg_pool import PoolTimeout, TooManyRequests

from app.database.connections import Connection
from app.sessions.sessions import SessionError, find_session
from app.web.accounts import account_of
from app.web.auth import ADMIN_COOKIE, NotSignedIn, player_of
from app.web.lab import Query, lab_of
from app.web.live.page import Page

QUIET = 15.0  # seconds after which a comment keeps the connection alive
HELLO, STILL_HERE = b": hello\n\n", b": still here\n\n"
HEADERS = [(b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no")]
TABS = 20  # pages of one player in one process
_open: dict[asyncio.Timeout, None] = {}  # the life of each stream that goes on
_stopping = False


@asgi("/play/live", copy_scope=True)
async def play_live(scope: Scope, receive: Receive, send: Send) -> None:
    """The player's page as it changes: a snapshot, then what happens."""
    connection: ASGIConnection[object, object, object, object] = ASGIConnection(scope)  # type: ignore[type-var]
    try:
        player_id, session_id = player_of(connection)
    except NotSignedIn:
        await _refuse(send, 403)
        return
    lab = lab_of(connection)
    if lab.presence.pages(player_id) >= TABS:
        await _refuse(send, 429)
        return
    page = Page(player_id, session_id)

    async def messages() -> AsyncIterator[bytes]:
        while True:
            page.wake.clear()
            if page.stale:
                try:
                    yield await lab.live.snapshot(page)
                except (psycopg.Error, PoolTimeout, TooManyRequests):
                    # The database is away or busy: the page stays as it is, and connected, until it is back.
                    await asyncio.sleep(random.uniform(0.5, 1.5))
            elif page.queue:
                news = b"".join(page.queue)
                page.queue.clear()
                yield news
            else:
                await page.wake.wait()

    lab.presence.came(player_id, session_id)
    try:
        await send_stream(receive, send, messages())
    finally:
        lab.live.leave(page)
        lab.presence.went(player_id)


@get("/admin/sessions/{session_id:str}/live")
async def session_live(request: Query, session_id: str) -> ASGIApp:
    """The dashboard's tick, once a second. (A raw handler cannot have parameters in its path: Litestar 2.25.)"""
    lab = lab_of(request)
    async with lab.pool.connection() as conn:
        account = await account_of(conn, request.cookies.get(ADMIN_COOKIE, ""))
        known = await _is_known(conn, session_id)

    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        if account is None or not known:
            await _refuse(send, 403 if account is None else 404)
            return
        await lab.studies.of(session_id)  # a tick, which is rendered with it, must not wait for it
        board = lab.ticker.watch(session_id)
        try:
            await send_stream(receive, send, board.messages())
        finally:
            lab.ticker.unwatch(session_id)

    return stream


def stop() -> None:
    """End all streams: the server has been told to stop."""
    global _stopping
    _stopping = True
    for life in list(_open):
        _end(life)


async def _is_known(conn: Connection, session_id: str) -> bool:
    try:
        await find_session(conn, session_id)
    except SessionError:
        return False
    return True


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


async def _refuse(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


HANDLERS = [play_live, session_live]
