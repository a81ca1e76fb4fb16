"""For whoever starts and watches processes: is this one alive, and is it ready?"""

from __future__ import annotations

import asyncio

import psycopg
from litestar import MediaType, Response, get

from app.web.lab import Query, lab_of


@get("/health/live", media_type=MediaType.TEXT)
async def health_live() -> str:
    return "alive\n"


@get("/health/ready", media_type=MediaType.TEXT)
async def health_ready(request: Query) -> Response[str]:
    """Ready: the database answers within a second and the listener hears it."""
    lab = lab_of(request)
    try:
        async with asyncio.timeout(1), lab.pool.connection() as conn:
            await conn.execute("select 1")
        ready = lab.listener.connected.is_set()
    except (TimeoutError, psycopg.Error):
        ready = False
    return Response("ready\n" if ready else "not ready\n", status_code=200 if ready else 503)


HANDLERS = [health_live, health_ready]
