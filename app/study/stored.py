"""The studies of sessions, as they were stored when these were opened."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from app.database.connections import Connection, Pool
from app.database.queries import Queries, value
from app.study.model.study import Study
from app.study.reading import parse
from app.study.stored_files import put_files

SQL = Queries(__name__)
MOST = 200  # studies that are kept; who asks for another one waits for it to be read again


class NoSuchSession(LookupError):
    pass


class Studies:
    """Each session's study, read from the database once: only hooks and words ever change, as `current` knows."""

    def __init__(self, pool: Pool, most: int = MOST) -> None:
        self.pool, self.most = pool, most
        self.known: dict[str, Study] = {}  # who was asked for last is last
        self.reading: dict[str, asyncio.Task[None]] = {}

    async def of(self, session_id: str) -> Study:
        """Raises `NoSuchSession`."""
        while (study := self.at_hand(session_id)) is None:
            # After a restart hundreds ask at the same moment: one reads for all.
            if session_id not in self.reading:
                self.reading[session_id] = asyncio.create_task(self._read(session_id))
            await asyncio.shield(self.reading[session_id])
        return study

    def at_hand(self, session_id: str) -> Study | None:
        """None where it would have to be read."""
        study = self.known.pop(session_id, None)
        if study is not None:
            self.known[session_id] = study
        return study

    async def current(self, conn: Connection, session_id: str) -> Study:
        """As it is in this transaction: its hooks and pages may have been mended since it was read.

        Ask `of` first, without a connection: whoever holds one and waits for another may wait for ever.
        """
        return await self.as_of(conn, session_id, await value(conn, SQL["fingerprint"], id=session_id))

    async def as_of(self, conn: Connection, session_id: str, sha256: str) -> Study:
        """The same for whoever has read its digest in this transaction."""
        study = self.at_hand(session_id)
        if study is None or study.sha256 != sha256:
            study = self.known[session_id] = await read_study(conn, session_id)
        return study

    async def _read(self, session_id: str) -> None:
        try:
            async with self.pool.connection() as conn:
                files = await _read_files(conn, session_id)
            # It may take a third of a second: neither this process nor a connection is held up by it.
            self.known[session_id] = await asyncio.to_thread(_made_ready, files)
            while len(self.known) > self.most:
                del self.known[next(iter(self.known))]
        finally:
            del self.reading[session_id]


async def read_study(conn: Connection, session_id: str) -> Study:
    """Raises `NoSuchSession`."""
    return parse(await _read_files(conn, session_id), opened=True)


async def put_study(conn: Connection, session_id: str, study: Study) -> None:
    """In place of the one that the session has."""
    await conn.execute(SQL["forget_study_files"], dict(id=session_id))
    await add_files(conn, session_id, study)
    await conn.execute(SQL["put_fingerprint"], dict(id=session_id, sha256=study.sha256))


async def add_files(conn: Connection, session_id: str, study: Study) -> None:
    await put_files(conn, study.files)
    files = dict(paths=list(study.files), bodies=[bytes(body) for body in study.files.values()])
    await conn.execute(SQL["add_study_files"], dict(id=session_id) | files)


async def _read_files(conn: Connection, session_id: str) -> dict[str, bytes]:
    found = await (await conn.execute(SQL["study_files"], dict(id=session_id))).fetchall()
    if not found:
        raise NoSuchSession(session_id)
    return dict(found)


def _made_ready(files: Mapping[str, bytes]) -> Study:
    study = parse(files, opened=True)
    for network in study.networks:
        network.get_ready()
    return study
