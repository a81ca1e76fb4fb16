"""Named queries of the module that owns them, typed rows out of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, TypeVar

from psycopg.rows import class_row

from app.config import PROJECT
from app.database.primaries import Connection

T = TypeVar("T")
SQL_FOLDER = PROJECT / "sql"


class Queries(dict[str, bytes]):
    """`Queries(__name__)`: those that a module owns; `app.rooms.lobby` has sql/rooms/lobby.sql.

    `-- name: waiting` starts each. A module asks for its own only: what another one wants to know, a function says.
    """

    def __init__(self, module: str) -> None:
        path = SQL_FOLDER.joinpath(*module.split(".")[1:]).with_suffix(".sql")
        text = path.read_text(encoding="utf-8")
        for name, body in re.findall(
            r"^-- name: (\w+)\n(.*?)(?=^-- name: |\Z)", text, re.MULTILINE | re.DOTALL
        ):
            self[name] = _plain(body).encode()


def _plain(text: str) -> str:
    """Without what is only there for whoever reads it: psycopg reads a long statement anew each time."""
    lines = map(str.strip, text.split("\n"))
    return "\n".join(line for line in lines if line and not line.startswith("--"))


async def rows(conn: Connection, shape: type[T], query: bytes, **params: Any) -> list[T]:
    async with conn.cursor(row_factory=class_row(shape)) as cursor:
        await cursor.execute(query, params)
        return await cursor.fetchall()


async def row(conn: Connection, shape: type[T], query: bytes, **params: Any) -> T | None:
    async with conn.cursor(row_factory=class_row(shape)) as cursor:
        await cursor.execute(query, params)
        return await cursor.fetchone()


async def value(conn: Connection, query: bytes, **params: Any) -> Any:
    """The first column of the first row, or None."""
    found = await (await conn.execute(query, params)).fetchone()
    return found[0] if found else None


def array(texts: Iterable[str | None]) -> str:
    """An array as Postgres reads it, for a parameter with a cast. psycopg's own costs a form seven times as much."""
    quoted = [
        "NULL" if text is None else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
        for text in texts
    ]
    return "{" + ",".join(quoted) + "}"
