"""What is in a study's own files: put into the database as a session opens, and read in pieces by who serves it."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping

from app.database.connections import Connection, Pool
from app.database.queries import Queries, row, value
from app.study.own_files import OwnFile, digest_of, own_files
from app.study.syntax.mistakes import Mistake, StudyError

SQL = Queries(__name__)
PIECE = 256 * 1024  # bytes
KEPT = 64  # pieces that one process keeps: what hundreds ask for at the same moment is read once
KNOWN = 2_000  # files whose size and digest one process keeps
_DIGEST = re.compile(r"[0-9a-f]{64}")


def may_be_one(files: str, path: str) -> bool:
    """Whether an address can be that of a study's own file: else nobody has to be asked for it."""
    return _DIGEST.fullmatch(files) is not None and "\0" not in path


class StoredFiles:
    """Own files as a process serves them."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.known: OrderedDict[tuple[str, str], OwnFile] = OrderedDict()
        self.pieces: OrderedDict[tuple[str, int], asyncio.Task[bytes]] = OrderedDict()

    async def find(self, files: str, path: str) -> OwnFile | None:
        """`files`: the digest of all own files of a study. What has been found never changes."""
        key = files, path
        found = self.known.get(key)
        if found is None:
            async with self.pool.connection() as conn:
                found = await row(conn, OwnFile, SQL["own_file"], files=files, path=path)
            if found is not None:
                self.known[key] = found
                if len(self.known) > KNOWN:
                    self.known.popitem(last=False)
        return found

    async def read(self, file: OwnFile, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` to before `end`. No connection is held while the one who reads is slow."""
        for number in range(start // PIECE, -(-end // PIECE)):
            body = await self._piece(file.sha256, number)
            yield body[max(0, start - number * PIECE) : end - number * PIECE]

    async def _piece(self, sha256: str, number: int) -> bytes:
        key = sha256, number
        task = self.pieces.get(key)
        if task is None:
            task = self.pieces[key] = asyncio.create_task(self._read_piece(sha256, number))
            if len(self.pieces) > KEPT:
                self.pieces.popitem(last=False)
        self.pieces.move_to_end(key)
        try:
            return await asyncio.shield(task)
        except Exception:
            if self.pieces.get(key) is task:
                del self.pieces[key]
            raise

    async def _read_piece(self, sha256: str, number: int) -> bytes:
        async with self.pool.connection() as conn:
            return await read_piece(conn, sha256, number)


async def read_piece(conn: Connection, sha256: str, number: int) -> bytes:
    body: bytes = await value(conn, SQL["piece"], sha256=sha256, number=number)
    return body


async def read_file(conn: Connection, file: OwnFile) -> AsyncIterator[bytes]:
    """All of it, in pieces."""
    for number in range(-(-file.size // PIECE)):
        yield await read_piece(conn, file.sha256, number)


async def damaged(conn: Connection, files: Mapping[str, bytes]) -> list[str]:
    """The own files of a study that are not in the database as they were stored, for `verify`."""
    found = []
    for path, file in own_files(files).items():
        digest = hashlib.sha256()
        async for piece in read_file(conn, file):
            digest.update(piece or b"lost")
        if digest.hexdigest() != file.sha256:
            found.append(path)
    return found


async def put_files(conn: Connection, files: Mapping[str, bytes]) -> None:
    """What is in the own files of a study. Raises `StudyError` for one that is no longer what it was as it was read."""
    found = own_files(files)
    by_content = {file.sha256: file for file in found.values()}
    for sha256, file in sorted(by_content.items()):  # in one order, as another may bring the same ones
        if file.source is not None and await value(conn, SQL["add_content"], sha256=sha256, size=file.size):
            await _put(conn, file)
    missing = await (await conn.execute(SQL["missing_contents"], dict(sha256s=[*by_content]))).fetchall()
    if missing:
        raise _changed(by_content[missing[0][0]])
    sha256s = [file.sha256 for file in found.values()]
    await conn.execute(SQL["add_own_files"], dict(files=digest_of(files), paths=[*found], sha256s=sha256s))


async def carry_files(source: Connection, target: Connection, files: Mapping[str, bytes]) -> None:
    """What is in the own files of a study, from another database."""
    found = own_files(files)
    for sha256, file in sorted({file.sha256: file for file in found.values()}.items()):
        if await value(target, SQL["add_content"], sha256=sha256, size=file.size):
            for number in range(-(-file.size // PIECE)):
                body = await read_piece(source, sha256, number)
                await target.execute(SQL["add_piece"], dict(sha256=sha256, number=number, body=body))
    sha256s = [file.sha256 for file in found.values()]
    await target.execute(SQL["add_own_files"], dict(files=digest_of(files), paths=[*found], sha256s=sha256s))


async def _put(conn: Connection, file: OwnFile) -> None:
    assert file.source is not None
    digest = hashlib.sha256()
    try:
        with file.source.open("rb") as source:
            for number in range(-(-file.size // PIECE)):
                body = source.read(PIECE)
                digest.update(body)
                await conn.execute(SQL["add_piece"], dict(sha256=file.sha256, number=number, body=body))
    except OSError:
        raise _changed(file) from None
    if digest.hexdigest() != file.sha256:
        raise _changed(file)


def _changed(file: OwnFile) -> StudyError:
    cure = "Wait until nothing writes it any more, and try again."
    return StudyError([Mistake(file.path, None, "It changed, or went, while the study was read.", cure)])
