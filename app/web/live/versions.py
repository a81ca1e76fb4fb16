"""Versions: whether a page that asks for news, as no stream gets through to it, has them all already."""

from __future__ import annotations

from app.database.connections import Connection
from app.database.queries import Queries, value

SQL = Queries(__name__)


async def version_of(conn: Connection, player_id: int) -> str | None:
    """Of what the player's page shows. To be read before the page is: then the page has at least what it stands for."""
    found: str | None = await value(conn, SQL["version"], player_id=player_id)
    return found
