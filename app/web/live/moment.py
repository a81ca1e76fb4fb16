"""What is of one moment in the database: one statement by itself, and whatever takes more of them in a transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from app.database.connections import Connection, snapshot

T = TypeVar("T")


class _TakesMore(Exception):
    """Statements that follow each other are of several moments."""


@dataclass(frozen=True, slots=True)
class OneMoment:
    """`conn` is for the first statement, and for those whose answer itself says whether it belongs to that."""

    conn: Connection
    is_held: bool  # by a transaction

    def more(self) -> Connection:
        """For every further statement: whatever has been read until then is read again where it could be of another
        moment."""
        if not self.is_held:
            raise _TakesMore
        return self.conn


async def at_one_moment(conn: Connection, read: Callable[[OneMoment], Awaitable[T]]) -> T:
    """What `read` makes of the database: a page for which one statement is enough needs no transaction around it."""
    try:
        return await read(OneMoment(conn, is_held=False))
    except _TakesMore:
        pass
    async with snapshot(conn):
        return await read(OneMoment(conn, is_held=True))
