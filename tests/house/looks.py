"""How a story looks into its database: mostly by one connection, which takes longer to make than what is asked."""

from __future__ import annotations

import select
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

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
        while self._free:
            self._free.pop()[0].close()

    def _found(self) -> tuple[Conn, Seen] | None:
        while self._free:
            conn, seen = self._free.pop()
            if not _hung_up(conn):
                return conn, seen
            conn.close()
        return None


def _connect(database: str) -> Conn:
    # What a statement was prepared for may be another table by the next look.
    return psycopg.connect(database, autocommit=True, prepare_threshold=None)


def _hung_up(conn: Conn) -> bool:
    """Postgres says nothing by itself but that it is going."""
    return bool(select.select([conn.fileno()], [], [], 0)[0])
