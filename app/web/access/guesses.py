"""Join links that lead nowhere, by visitor: who opens many of them is held off before a link is looked up."""

from __future__ import annotations

from app.database.connections import Pool
from app.web.access import attempts
from app.web.access.attempts import Held, Limit
from app.web.turns import Turns

WRONG_LINKS = Limit("open links that lead nowhere", 60, 60)


class Guesses:
    """Postgres counts for all processes; what this one knows without asking is who has had enough."""

    def __init__(self, pool: Pool, turns: Turns) -> None:
        self.pool, self.turns, self.held = pool, turns, Held()

    def wait(self, visitor: str) -> int:
        """Whole seconds that this visitor has to wait; 0: none. A whole classroom may come from one address."""
        return self.held.wait(visitor)

    async def wrong(self, visitor: str) -> int:
        """One more that led nowhere; then as `wait`. Raises `Busy`."""
        self.turns.check()
        async with self.turns, self.pool.connection() as conn:
            tries = await attempts.count(conn, WRONG_LINKS, visitor)
        if tries.count >= WRONG_LINKS.most:
            self.held.hold(visitor, tries)
        return tries.wait if tries.count > WRONG_LINKS.most else 0
