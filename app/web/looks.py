"""Looks at what all have said: pages that read many answers wait for one another, and players’ pages never for them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.database.connections import Connection
from app.database.group_commit import Busy
from app.database.whole_sessions import read_whole_session
from app.web.lab import Lab
from app.web.monitor.answers import hold_back


@asynccontextmanager
async def looking(lab: Lab) -> AsyncIterator[Connection]:
    """One at a time and not for long. Raises `Busy` and `QueryCanceled`: these pages say what they mean."""
    lab.looks.check()
    async with lab.looks, lab.pool.connection() as conn, conn.transaction():
        await hold_back(conn)
        await read_whole_session(conn)
        yield conn


def trouble_of(error: Exception) -> str:
    if isinstance(error, Busy):
        return "Many look at answers just now. Look again in a moment."
    return (
        "The answers could not be read within three seconds, which is all that players’ pages can spare. "
        "Look again in a moment."
    )
