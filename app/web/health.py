"""For whoever starts and watches processes: is this one alive, and is it ready?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import psycopg
from litestar import MediaType, Response, asgi, get
from litestar.types import Receive, Scope, Send

from app.web.lab import Lab, Query, lab_of
from app.web.labs import Labs
from app.web.streams import refuse, send_stream

PIECES, PAUSE = 3, 0.4  # of a stream that tells whether streams come through, and seconds between two
MOST = 20  # such streams of one process


@get("/health/live", media_type=MediaType.TEXT)
async def health_live() -> str:
    return "alive\n"


@get("/health/ready", media_type=MediaType.TEXT)
async def health_ready(request: Query) -> Response[str]:
    """Ready: the database answers within a second and the listener hears it; of several databases, one of them does,
    and each is named."""
    labs: Labs | None = request.app.state.labs
    if labs is None:
        ready = await _is_ready(lab_of(request))
        return Response("ready\n" if ready else "not ready\n", status_code=200 if ready else 503)
    found = dict.fromkeys(labs.config.clusters, False)
    found |= zip(labs.there, await asyncio.gather(*map(_is_ready, labs.there.values())), strict=True)
    told = "".join(f"{name} {'ready' if one else 'not ready'}\n" for name, one in found.items())
    return Response(told, status_code=200 if any(found.values()) else 503)


async def _is_ready(lab: Lab) -> bool:
    try:
        async with asyncio.timeout(1), lab.pool.connection() as conn:
            await conn.execute("select 1")
        return lab.listener.connected.is_set()
    except (TimeoutError, psycopg.Error):
        return False


@asgi("/play/live/check", copy_scope=True)
async def check_stream(scope: Scope, receive: Receive, send: Send) -> None:
    """Under the address of players' streams, so that a proxy treats it as them: does it come piece by piece?

    It says by what scheme the server was asked, as a proxy that is trusted tells it.
    """
    if len(_checks) >= MOST:
        await refuse(send, 429)
        return

    async def pieces() -> AsyncIterator[bytes]:
        for nth in range(PIECES):
            await asyncio.sleep(PAUSE if nth else 0)
            yield f"data: {scope.get('scheme', '')}\n\n".encode()

    _checks.add(check := object())
    try:
        await send_stream(receive, send, pieces())
    finally:
        _checks.discard(check)


_checks: set[object] = set()
HANDLERS = [health_live, health_ready, check_stream]
