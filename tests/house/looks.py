"""How a story looks into its database, and does something there: mostly by one connection, which takes longer to make
than what it is for.
"""

from __future__ import annotations

import asyncio
import select
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from app.database.connections import Connection, connect
from tests.house.visits import see

Conn = psycopg.Connection[tuple[Any, ...]]
Seen = tuple[str, ...] | None  # sessions; None: all


class Looks:
    """`kept`: connections are, until `close`. Otherwise each is for one look: for a story that stops its Postgres."""

    def __init__(self, kept: bool) -> None:
        self.kept = kept
        self._free: list[tuple[Conn, Seen]] = []

    @contextmanager
    def one(self, database: str, sessions: Sequence[str] | None = None) -> Iterator[Conn]:
        """A connection that nobody else has, whichever thread they look from, and that sees these sessions."""
        seen = None if sessions is None else tuple(sessions)
        conn, before = self._found() or (_connect(database), None)
        if seen != before:
            see(conn, seen)
        try:
            yield conn
        finally:
            if self.kept and conn.info.transaction_status == TransactionStatus.IDLE:
                self._free.append((conn, seen))
            else:
                conn.close()

    def close(self) -> None:
        """And whoever looks later keeps nothing."""
        self.kept = False
        while self._free:
            self._free.pop()[0].close()

    def _found(self) -> tuple[Conn, Seen] | None:
        while self._free:
            conn, seen = self._free.pop()
            if not _hung_up(conn):
                return conn, seen
            conn.close()
        return None


class Hands:
    """The application's own connections, kept likewise from one loop to the next."""

    def __init__(self, kept: bool) -> None:
        self.kept = kept
        self._free: list[Connection] = []

    @asynccontextmanager
    async def one(self, database: str) -> AsyncIterator[Connection]:
        conn = self._found() or await connect(database, "story")
        conn.prepare_threshold = None
        try:
            yield conn
        except BaseException:
            await conn.close()
            raise
        if self.kept and conn.info.transaction_status == TransactionStatus.IDLE:
            conn.lock = asyncio.Lock()  # who has waited for the other has left it to this loop
            self._free.append(conn)
        else:
            await conn.close()

    def close(self) -> None:
        """And whoever does something later keeps nothing."""
        self.kept = False
        while self._free:
            conn = self._free.pop()
            conn.pgconn.finish()

    def _found(self) -> Connection | None:
        while self._free:
            conn = self._free.pop()
            if not _hung_up(conn):
                return conn
            conn.pgconn.finish()
        return None


def _connect(database: str) -> Conn:
    # What a statement was prepared for may be another table by the next look.
    return psycopg.connect(database, autocommit=True, prepare_threshold=None)


def _hung_up(conn: Conn | Connection) -> bool:
    """Postgres says nothing by itself but that it is going."""
    return bool(select.select([conn.fileno()], [], [], 0)[0])
