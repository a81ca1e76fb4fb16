"""A zip file of an export as it is made, for whoever downloads it."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager as Context
from contextlib import nullcontext
from typing import IO, cast

from app.export.anonymous import Mask
from app.export.csv_stream import BLOCK
from app.export.export import PLAIN, Extra, Manifest, moment, pack
from app.export.person import OnePerson
from app.study.model.study import Study


async def zip_chunks(
    url: str,
    session_id: str,
    study: Study,
    of: Mask | OnePerson | None = None,
    turn: Context[None] | None = None,
    extra: Extra = PLAIN,
) -> AsyncIterator[bytes]:
    """A zip file as it is made, in its `turn`.

    It is made at the speed of the database, into a temporary file: a transaction that stayed open for as long
    as somebody's slow download takes would keep Postgres from clearing away old rows, while all rooms write.
    """
    spool, sent = _Spool(), 0
    writing = asyncio.create_task(_fill(spool, url, session_id, study, of, turn or nullcontext(), extra))
    writing.add_done_callback(lambda _: spool.grown.set())
    try:
        while not writing.done() or sent < spool.size:
            spool.grown.clear()
            while block := spool.read(sent):
                sent += len(block)
                yield block
            if not writing.done():
                await spool.grown.wait()
        writing.result()
    finally:
        # Nothing is awaited here: whoever drops a stream may do so by cancelling it.
        writing.cancel()
        writing.add_done_callback(spool.close)


async def _fill(
    spool: _Spool,
    url: str,
    session_id: str,
    study: Study,
    of: Mask | OnePerson | None,
    turn: Context[None],
    extra: Extra,
) -> Manifest:
    async with turn, moment(url, "export") as conn:
        return await pack(conn, session_id, study, cast(IO[bytes], spool), of, extra)


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

    def close(self, writing: asyncio.Task[Manifest]) -> None:
        self.file.close()
        if not writing.cancelled():
            writing.exception()
