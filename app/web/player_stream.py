"""What a player's page listens to: where they are, and then what happens there."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable

import psycopg
from litestar import asgi
from litestar.connection import ASGIConnection
from litestar.types import Receive, Scope, Send
from psycopg_pool import PoolTimeout, TooManyRequests

from app.players.players import find_player
from app.web.auth import NotSignedIn, OtherPlayer, player_of
from app.web.lab import Lab, lab_of
from app.web.live.page import Page
from app.web.straight import STRAIGHT, Straight
from app.web.streams import refuse, send_stream

TABS = 20  # pages of one player in one process
PATH = "/play/live"
PASS_ON = "pass on"  # in a scope's state: what another process goes on with a stream by


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
    pass_on: Callable[[int], bool] | None = scope["state"].get(PASS_ON)

    async def messages() -> AsyncIterator[bytes]:
        while True:
            if (news := await page.news(straight)) is not None:
                yield news
                continue
            try:
                home = await _elsewhere(lab, page) if pass_on else None
                if home is not None and pass_on and pass_on(home):
                    return
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


async def _elsewhere(lab: Lab, page: Page) -> int | None:
    """Which other process has the room of this page, where people make moves in it; None where none has."""
    study = await lab.studies.of(page.session_id)
    if not lab.homes.here or not any(step.moves for step in study.steps):
        return None
    async with lab.pool.connection() as conn:
        player = await find_player(conn, page.player_id)
    return None if player is None or player.room_id is None else lab.homes.elsewhere(player.room_id)
