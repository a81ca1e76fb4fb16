"""Late claims: when an answer that came late was first sent, as the page says that could not get it through.

What the server knows is that it came late, and the record says so. A claim stands beside it and changes nothing: what
it is worth is for whoever analyses the data.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.database.connections import Connection
from app.database.queries import Queries, value

SQL = Queries(__name__)
LONGEST = 3600.0  # seconds that a claim may reach back


def read_claim(text: str) -> float | None:
    """Seconds since the first try, as a page says them; None for what can't be."""
    whole, _, part = text.partition(".")
    if not (text.isascii() and whole.isdecimal() and len(text) <= 9 and (part.isdecimal() or not part)):
        return None
    seconds = float(text)
    return seconds if 0 < seconds <= LONGEST else None


async def put_claim(
    conn: Connection, player_id: int, records: Sequence[int], position: int, seconds: float
) -> bool:
    """Whether these answers to the step at `position` were sent in time, if they were first sent `seconds` ago."""
    given = dict(player_id=player_id, records=list(records), position=position, seconds=seconds)
    return bool(await value(conn, SQL["put_claim"], **given))
