"""A command's connection: the database that it was told of, for as long as it works."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from app.config import Config
from app.database.connections import Connection, connect
from app.database.running import database
from app.sessions.sessions import Session, find_session
from app.study.model.study import Study
from app.study.stored import read_study
from app.web.access import security

T = TypeVar("T")


def connected(config: Config, work: Callable[[Connection], Awaitable[T]], purpose: str = "command line") -> T:
    """`work` opens its own transactions."""
    with database(config) as url:
        return asyncio.run(_connected(url, work, purpose))


def in_transaction(config: Config, work: Callable[[Connection], Awaitable[T]]) -> T:
    with database(config) as url:
        return asyncio.run(in_transaction_at(url, work))


async def in_transaction_at(url: str, work: Callable[[Connection], Awaitable[T]]) -> T:
    async def run(conn: Connection) -> T:
        async with conn.transaction():
            return await work(conn)

    return await _connected(url, run)


async def study_of(url: str, session_id: str) -> Study:
    """The study of a session that there is; raises `SessionError` for one that there is not."""

    async def read(conn: Connection) -> Study:
        await find_session(conn, session_id)
        return await read_study(conn, session_id)

    return await _connected(url, read)


async def session_of(url: str, session_id: str) -> Session:
    """Raises `SessionError` for one that there is not."""

    async def find(conn: Connection) -> Session:
        return await find_session(conn, session_id)

    return await _connected(url, find)


async def note_export(url: str, session_id: str, file: str, about: str = "") -> None:
    """In the security log, as on the pages. `about`: the number of the player whose it is."""

    async def write(conn: Connection) -> None:
        await security.write(conn, "exported", security.COMMAND_LINE, "", session_id, about, file=file)

    await _connected(url, write)


async def _connected(
    url: str, work: Callable[[Connection], Awaitable[T]], purpose: str = "command line"
) -> T:
    conn = await connect(url, purpose)
    try:
        return await work(conn)
    finally:
        await conn.close()
