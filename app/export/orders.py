"""orders.csv: in which order each player was shown what is in random order."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from app.database.connections import Connection
from app.database.queries import Queries
from app.study.model.orders import orders_of
from app.study.model.study import Study

SQL = Queries(__name__)


async def order_rows(conn: Connection, session_id: str, study: Study) -> AsyncGenerator[tuple[object, ...]]:
    """Of everybody who came in."""
    found = await (await conn.execute(SQL["seeds"], dict(session_id=session_id))).fetchall()
    for player_id, seed in found:
        for one in orders_of(study, seed):
            yield (player_id, *one)
