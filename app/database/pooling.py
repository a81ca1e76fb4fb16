"""A pooler between us and Postgres: what has to be settled there, since it can't be for each connection.

It hands each transaction to whichever backend is free, so nothing that is set, listened to, locked or prepared outside
of one stays ours: settings are the role's, and what needs a backend of its own goes past the pooler.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.config import ConfigError
from app.database.connections import SETTINGS, Connection, connect, is_pooled
from app.database.queries import Queries, rows

SQL = Queries(__name__)
PAST = "NETWORKLAB_LISTENER_URL"
PAST_IT = f"Give {PAST} a direct connection to this very database, past the pooler, for the same role."


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A setting that is not as the promises need it, and the statement that makes it so."""

    name: str
    setting: str  # as it is, of the role and database
    statement: str


async def unsettled(conn: Connection) -> list[Unsettled]:
    """Of the settings that `connect` makes where there is no pooler; timeouts may be shorter."""
    names, wanted = list(SETTINGS), list(SETTINGS.values())
    return await rows(conn, Unsettled, SQL["unsettled"], names=names, wanted=wanted)


async def look_at_pooler(conn: Connection, past: str | None) -> None:
    """Raises `ConfigError` where the database is reached through a pooler, and what that needs is not there."""
    if not is_pooled(conn):
        return
    wrong = await unsettled(conn)
    if past is None:
        raise ConfigError(
            f"DATABASE_URL leads through a pooler, behind which nobody hears of news. {PAST_IT}"
        )
    direct = await connect(past, "serve")
    try:
        if is_pooled(direct):
            raise ConfigError(f"{PAST} leads through a pooler, too. {PAST_IT}")
    finally:
        await direct.close()
    if wrong:
        raise ConfigError(
            "DATABASE_URL leads through a pooler, behind which these are settings of the role: "
            + " ".join(f"{one.statement};" for one in wrong)
            + " Then have the pooler connect anew (PgBouncer: RECONNECT)."
        )
