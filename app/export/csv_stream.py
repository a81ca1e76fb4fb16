"""Tables on their way out: what a query finds, as blocks of CSV in the form of RFC 4180, with flat memory."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from typing import Any

import msgspec
from psycopg.abc import PQGen
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn
from psycopg.types.json import set_json_loads
from psycopg.waiting import Wait

from app.database.connections import Connection, fetching
from app.export import codebook

BLOCK = 64 * 1024  # bytes: a few milliseconds of work, between which other tasks get their turn
Blocks = AsyncGenerator[tuple[bytes, int]]  # bytes, and how many lines of the table they hold


async def copied(conn: Connection, query: bytes, session_id: str) -> Blocks:
    """What COPY writes, with the line ends of RFC 4180."""
    statement = b"copy (" + query + b") to stdout (format csv, header)"
    async with conn.cursor() as cursor, cursor.copy(statement, dict(session_id=session_id)):
        more = True
        while more:
            lines, more = await conn.wait(_lines(conn.pgconn))
            yield b"\r\n".join([*lines, b""]), len(lines)


async def written(header: Sequence[str], rows: AsyncGenerator[Sequence[object]]) -> Blocks:
    """Rows as CSV with the line ends of RFC 4180."""
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\r\n").writerow
    write(header)
    lines = 1
    async with aclosing(rows):
        async for cells in rows:
            write([codebook.cell(one) for one in cells])
            lines += 1
            if text.tell() >= BLOCK:
                yield text.getvalue().encode(), lines
                text.seek(text.truncate(0))
                lines = 0
    yield text.getvalue().encode(), lines


async def fetched(
    conn: Connection, query: bytes, session_id: str, cells: Callable[[Sequence[Any]], Sequence[object]]
) -> AsyncGenerator[Sequence[object]]:
    """`cells` of each row that the query finds, a few hundred rows at a time."""
    async with fetching(conn, "export") as cursor:
        set_json_loads(msgspec.json.decode, cursor)
        cursor.itersize = 200
        await cursor.execute(query, dict(session_id=session_id))
        async for found in cursor:
            yield cells(found)


async def of_session(
    session_id: str, rows: AsyncGenerator[Sequence[object]]
) -> AsyncGenerator[Sequence[object]]:
    """Each with the session behind it."""
    async with aclosing(rows):
        async for one in rows:
            yield (*one, session_id)


async def listed(rows: Iterable[Sequence[str]]) -> AsyncGenerator[Sequence[object]]:
    for one in rows:
        yield one


def _lines(pgconn: PGconn) -> PQGen[tuple[list[bytes], bool]]:
    """The next lines of a COPY, about a block of them, and whether there are more.

    psycopg's own loop waits for each line by itself, which takes twice the time of the whole query.
    """
    lines: list[bytes] = []
    size = 0
    while size < BLOCK:
        length, line = pgconn.get_copy_data(1)
        if length > 0:
            lines.append(bytes(line[:-1]))
            size += length
        elif length == 0:
            while not (yield Wait.R):
                pass
            pgconn.consume_input()
        else:
            while result := pgconn.get_result():
                if result.status != ExecStatus.COMMAND_OK:
                    raise error_from_result(result)
            return lines, False
    return lines, True
