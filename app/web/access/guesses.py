"""What leads nowhere, by visitor: who opens many wrong links, or says many wrong tokens, is held off before one more is
looked up."""

from __future__ import annotations

from collections import OrderedDict

from app.database.connections import Pool
from app.web.access import attempts
from app.web.access.attempts import Held, Limit
from app.web.turns import Turns

WRONG_LINKS = Limit("open links that lead nowhere", 60, 60)
# While one of several databases is away, which may have them: of a room full of people whose links are right, too.
UNSURE_LINKS = Limit("open links that may lead nowhere", 600, 60)
WRONG_TOKENS = Limit("say tokens that there are not", 30, 60)


class Guesses:
    """Postgres counts for all processes; what this one knows without asking is who has had enough."""

    def __init__(self, pool: Pool, turns: Turns, limit: Limit = WRONG_LINKS) -> None:
        self.pool, self.turns, self.limit, self.held = pool, turns, limit, Held()

    def wait(self, visitor: str) -> int:
        """Whole seconds that this visitor has to wait; 0: none. A whole classroom may come from one address."""
        return self.held.wait(visitor)

    async def wrong(self, visitor: str, limit: Limit | None = None) -> int:
        """One more that led nowhere; then as `wait`. `limit`: another for such as this. Raises `Busy`."""
        limit = limit or self.limit
        self.turns.check()
        async with self.turns, self.pool.connection() as conn:
            tries = await attempts.count(conn, limit, visitor)
        if tries.count >= limit.most:
            self.held.hold(visitor, tries)
        return tries.wait if tries.count > limit.most else 0


class Doubted:
    """Links that may lead nowhere, as far as anybody can say: the pages of those that are right come again and again
    meanwhile, so each counts once for whoever opens it."""

    def __init__(self, most: int = 10_000) -> None:
        self.opened: OrderedDict[tuple[str, str], None] = OrderedDict()  # visitor and token
        self.most = most

    def is_new(self, visitor: str, token: str) -> bool:
        if (visitor, token) in self.opened:
            return False
        self.opened[visitor, token] = None
        if len(self.opened) > self.most:
            self.opened.popitem(last=False)
        return True
