"""Accounts live in the first of several databases; the others have copies, so that they are asked alone.

What is copied says who asks: names, log-ins and tokens, without passwords and second factors, by which somebody logs in
there alone. An account that is gone there is gone here, with its rights; accounts that a database had of its own before
it was one of several stay with their rights, and nobody is logged in with them: who has the name in the first is meant.
"""

from __future__ import annotations

from typing import Any

from psycopg.types.json import Jsonb

from app.database.connections import Connection
from app.database.queries import Queries, value

SQL = Queries(__name__)


async def copy_accounts(first: Connection, other: Connection) -> bool:
    """Whether anything was not as in the first one. When a log-in or a token was last used is told to both."""
    theirs = await _as_they_are(first, copied=False)
    ours = await _as_they_are(other, copied=True)
    if theirs == ours:
        return False
    async with other.transaction():
        for name in (
            "remove_accounts",
            "put_accounts",
            "remove_logins",
            "put_logins",
            "remove_tokens",
            "put_tokens",
        ):
            await other.execute(SQL[name], dict(first=Jsonb(theirs)))
    used = await _as_they_are(other, copied=True)
    if used != theirs:
        await first.execute(SQL["note_used"], dict(other=Jsonb(used)))
    return True


async def _as_they_are(conn: Connection, copied: bool) -> Any:
    async with conn.transaction():
        await conn.execute(SQL["in_utc"])
        return await value(conn, SQL["as_they_are"], copied=copied)
