"""An export, or one table of it, as it is made, for whoever downloads it."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager as Context
from contextlib import aclosing, nullcontext
from typing import IO, cast

from app.database.connections import Connection
from app.export.anonymous import Mask
from app.export.csv_stream import BLOCK
from app.export.export import PLAIN, Extra, moment, pack
from app.export.person import OnePerson
from app.export.tables import one_table
from app.study.model.study import Study

UNREAD = 600.0  # seconds in which nothing of a download is taken, after which its file is given back
Fill = Callable[[Connection, "_Spool"], Awaitable[None]]


async def zip_chunks(
    url: str,
    session_id: str,
    study: Study,
    of: Mask | OnePerson | None = None,
    turn: Context[None] | None = None,
    extra: Extra = PLAIN,
) -> AsyncIterator[bytes]:
    """A zip file, in its `turn`."""

    async def fill(conn: Connection, spool: _Spool) -> None:
        await pack(conn, session_id, study, cast(IO[bytes], spool), of, extra)

    async for block in _as_it_grows(url, fill, turn or nullcontext()):
        yield block


async def table_chunks(
    url: str, session_id: str, study: Study, name: str, turn: Context[None], unread: float = UNREAD
) -> AsyncIterator[bytes]:
    """A table of the export by itself, one of `names_of`, in its `turn`."""

    async def fill(conn: Connection, spool: _Spool) -> None:
        async with aclosing(await one_table(conn, session_id, study, name)) as blocks:
            async for block, _ in blocks:
                spool.write(block)
                await asyncio.sleep(0)

    async for block in _as_it_grows(url, fill, turn, unread):
        yield block


async def _as_it_grows(
    url: str, fill: Fill, turn: Context[None], unread: float = UNREAD
) -> AsyncIterator[bytes]:
    """It is made at the speed of the database, into a temporary file: a transaction that stayed open for as long
    as somebody's slow download takes would keep Postgres from clearing away old rows, while all rooms write.

    Whoever takes nothing of it for `unread` seconds gets no more: an open connection must not keep a file. Then raises
    TimeoutError, so that nobody takes what came for all of it.
    """
    spool, sent, loop = _Spool(), 0, asyncio.get_running_loop()
    writing = asyncio.create_task(_fill(url, fill, spool, turn))
    writing.add_done_callback(lambda _: spool.grown.set())
    try:
        while not writing.done() or sent < spool.size:
            spool.grown.clear()
            while block := spool.read(sent):
                sent += len(block)
                waiting = loop.call_later(unread, spool.give_up, writing)
                try:
                    yield block
                finally:
                    waiting.cancel()
                if spool.file.closed:
                    raise TimeoutError("nothing of a download was taken for long: it is broken off")
            if not writing.done():
                await spool.grown.wait()
        writing.result()
    finally:
        # Nothing is awaited here: whoever drops a stream may do so by cancelling it.
        writing.cancel()
        writing.add_done_callback(spool.close)


async def _fill(url: str, fill: Fill, spool: _Spool, turn: Context[None]) -> None:
    async with turn, moment(url, "export") as conn:
        await fill(conn, spool)


class _Spool:
    """A temporary file that grows at one end and is read at the other.

    It has no `tell`: what zipfile has written it does not go back to.
    """

    def __init__(self) -> None:
        self.file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 (open for as long as the task writes)
        self.size = 0
        self.grown = asyncio.Event()

    def write(self, block: bytes) -> int:
        self.file.write(block)
        self.size += len(block)
        self.grown.set()
        return len(block)

    def flush(self) -> None:
        pass

    def read(self, start: int) -> bytes:
        return os.pread(self.file.fileno(), BLOCK, start)

    def give_up(self, writing: asyncio.Task[None]) -> None:
        writing.cancel()
        writing.add_done_callback(self.close)

    def close(self, writing: asyncio.Task[None]) -> None:
        self.file.close()
        if not writing.cancelled():
            writing.exception()
