"""What a player's page listens to: where they are, and then what happens there."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import psycopg
from litestar import asgi
from litestar.connection import ASGIConnection
from litestar.types import Receive, Scope, Send
from psycopg_pool import PoolTimeout, TooManyRequests

from app.web.auth import NotSignedIn, OtherPlayer, player_of
from app.web.lab import lab_of
from app.web.live.page import Page
from app.web.straight import STRAIGHT, Straight
from app.web.streams import refuse, send_stream

TABS = 20  # pages of one player in one process
PATH = "/play/live"


@asgi(PATH, copy_scope=True)
async def play_live(scope: Scope, receive: Receive, send: Send) -> None:
    """The player's page as it changes: a snapshot, then what happens."""
    connection: ASGIConnection[object, object, object, object] = ASGIConnection(scope)  # type: ignore[type-var]
    try:
        player_id, session_id = player_of(connection)
    except NotSignedIn as error:
        await refuse(send, 409 if isinstance(error, OtherPlayer) else 403)
        return
    lab = lab_of(connection)
    if lab.presence.pages(player_id) >= TABS:
        await refuse(send, 429)
        return
    page = Page(player_id, session_id)
    straight: Straight | None = scope["state"].get(STRAIGHT)

    async def messages() -> AsyncIterator[bytes]:
        while True:
            if (news := await page.news(straight)) is not None:
                yield news
                continue
            try:
                yield await lab.live.snapshot(page)
            except (psycopg.Error, PoolTimeout, TooManyRequests):
                # The database is away or busy: the page stays as it is, and connected, until it is back.
                await asyncio.sleep(random.uniform(0.5, 1.5))

    lab.presence.came(player_id, session_id)
    try:
        await send_stream(receive, send, messages(), straight)
    finally:
        page.straight = None
        lab.live.leave(page)
        lab.presence.went(player_id)
