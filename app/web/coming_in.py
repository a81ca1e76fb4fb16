"""Through a door: whoever has just signed in gets a look at the lobby, a cookie, and their page."""

from __future__ import annotations

import asyncio
import time

from litestar.response import Redirect

from app.database.group_commit import Busy
from app.players.players import SignedIn
from app.study.model.fields import Form
from app.web import languages, other_players
from app.web.auth import PLAYER_COOKIE, own_cookie
from app.web.lab import Lab, Query, lab_of

SEATING_PATIENCE = 12.0  # seconds


async def go_on(request: Query, arrived: SignedIn, began: float, form: Form) -> Redirect:
    """`began`: when their form came, on the monotonic clock. Raises `Busy`."""
    lab = lab_of(request)
    chosen = await languages.keep(request, await lab.studies.of(arrived.session_id), arrived.id, form)
    if arrived.status == "waiting":
        await seat(lab, arrived.session_id, arrived.id)
    lab.sign_in_times.append(time.monotonic() - began)
    key = lab.keys.player_cookie(arrived.id, arrived.session_id)
    headers, cookies = own_cookie(request, PLAYER_COOKIE, key), other_players.remembered(request, arrived.id)
    cookies += chosen
    return Redirect("/play", status_code=303, headers=headers, cookies=cookies)


async def seat(lab: Lab, session_id: str, player_id: int, ready: bool = False) -> None:
    """Raises `Busy` where that takes too long."""
    try:
        async with asyncio.timeout(SEATING_PATIENCE):
            await lab.seating.seat(session_id, player_id, ready)
    except TimeoutError:
        raise Busy from None  # it is done all the same; asking again finds out where they are
