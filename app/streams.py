"""Server-sent events, as raw ASGI: a page's stream costs little more than its bytes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import psycopg
from litestar import Request, asgi, get
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.types import ASGIApp, Receive, Scope, Send
from psycopg_pool import PoolTimeout, TooManyRequests

from app.accounts import account_of
from app.auth import ADMIN_COOKIE, NotSignedIn, player_of
from app.db import value
from app.lab import lab_of
from app.live import Page
from app.sessions import SQL as SESSIONS

QUIET = 15.0  # seconds after which a comment keeps the connection alive
HEADERS = [(b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no")]
TABS = 20  # pages of one player in one process
stopping = asyncio.Event()  # set when the server is told to stop: streams end at once


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
    if sum(page.player_id == player_id for page in lab.live.pages) >= TABS:
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

    try:
        await _stream(receive, send, messages())
    finally:
        lab.live.leave(page)


@get("/admin/sessions/{session_id:str}/live")
async def session_live(request: Request[object, object, State], session_id: str) -> ASGIApp:
    """The dashboard's tick, once a second. (A raw handler cannot have parameters in its path: Litestar 2.25.)"""
    lab = lab_of(request)
    async with lab.pool.connection() as conn:
        account = await account_of(conn, request.cookies.get(ADMIN_COOKIE, ""))
        known = await value(conn, SESSIONS["find_session_state"], id=session_id)

    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        if account is None or known is None:
            await _refuse(send, 403 if account is None else 404)
            return
        await lab.studies.of(
            session_id
        )  # each tick is rendered with it, in a process that may not know it yet
        board = lab.stats.watch(session_id)
        try:
            await _stream(receive, send, board.messages())
        finally:
            lab.stats.unwatch(session_id)

    return stream


async def _stream(receive: Receive, send: Send, messages: AsyncIterator[bytes]) -> None:
    """Send messages until the client goes, the server stops or the messages end."""
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    gone = asyncio.create_task(_disconnected(receive))
    stop = asyncio.create_task(stopping.wait())
    try:
        await send({"type": "http.response.body", "body": b": hello\n\n", "more_body": True})
        while True:
            ahead = asyncio.ensure_future(anext(messages))
            while not ahead.done():
                await asyncio.wait({ahead, gone, stop}, timeout=QUIET, return_when=asyncio.FIRST_COMPLETED)
                if gone.done() or stop.done():
                    ahead.cancel()
                    if stop.done() and not gone.done():
                        await send({"type": "http.response.body", "body": b"", "more_body": False})
                    return
                if not ahead.done():
                    await send({"type": "http.response.body", "body": b": still here\n\n", "more_body": True})
            await send({"type": "http.response.body", "body": ahead.result(), "more_body": True})
    finally:
        gone.cancel()
        stop.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _refuse(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


HANDLERS = [play_live, session_live]
