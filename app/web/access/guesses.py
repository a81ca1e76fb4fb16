"""What leads nowhere, by visitor: who opens many wrong links, or says many wrong tokens, is held off before one more is
looked up."""

from __future__ import annotations

from app.database.connections import Pool
from app.web.access import attempts
from app.web.access.attempts import Held, Limit
from app.web.turns import Turns

WRONG_LINKS = Limit("open links that lead nowhere", 60, 60)
WRONG_TOKENS = Limit("say tokens that there are not", 30, 60)


class Guesses:
    """Postgres counts for all processes; what this one knows without asking is who has had enough."""

    def __init__(self, pool: Pool, turns: Turns, limit: Limit = WRONG_LINKS) -> None:
        self.pool, self.turns, self.limit, self.held = pool, turns, limit, Held()

    def wait(self, visitor: str) -> int:
        """Whole seconds that this visitor has to wait; 0: none. A whole classroom may come from one address."""
        return self.held.wait(visitor)

    async def wrong(self, visitor: str) -> int:
        """One more that led nowhere; then as `wait`. Raises `Busy`."""
        self.turns.check()
        async with self.turns, self.pool.connection() as conn:
            tries = await attempts.count(conn, self.limit, visitor)
        if tries.count >= self.limit.most:
            self.held.hold(visitor, tries)
        return tries.wait if tries.count > self.limit.most else 0
