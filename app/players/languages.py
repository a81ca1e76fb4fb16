"""In which of its study's languages somebody reads their pages."""

from __future__ import annotations

from datetime import datetime

from app.database.connections import Connection
from app.database.queries import Queries, value

SQL = Queries(__name__)


async def choose(conn: Connection, player_id: int, language: str) -> None:
    await conn.execute(SQL["choose"], dict(player_id=player_id, language=language))


async def language_at(conn: Connection, player_id: int, at: datetime) -> str:
    """What they had chosen by then; "" for nothing, which is the study's own."""
    found: str | None = await value(conn, SQL["language_at"], player_id=player_id, at=at)
    return found or ""
