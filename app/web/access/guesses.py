"""Join links that lead nowhere, by visitor: who opens many of them is held off before a link is looked up."""

from __future__ import annotations

import time
from collections import OrderedDict

from app.database.connections import Pool
from app.web.access import attempts
from app.web.access.attempts import Limit

WRONG_LINKS = Limit("open links that lead nowhere", 60, 60)
MOST = 10_000  # visitors that a process remembers


class Guesses:
    """Postgres counts for all processes; what this one knows without asking is who has had enough."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.held: OrderedDict[str, float] = OrderedDict()  # visitor → until when, on the monotonic clock

    def wait(self, visitor: str) -> int:
        """Whole seconds that this visitor has to wait; 0: none. A whole classroom may come from one address."""
        left = self.held.get(visitor, 0.0) - time.monotonic()
        return int(left) + 1 if left > 0 else 0

    async def wrong(self, visitor: str) -> int:
        """One more that led nowhere; then as `wait`."""
        async with self.pool.connection() as conn:
            tries = await attempts.count(conn, WRONG_LINKS, visitor)
        if tries.count >= WRONG_LINKS.most:
            self.held[visitor] = time.monotonic() + tries.left
            if len(self.held) > MOST:
                self.held.popitem(last=False)
        return tries.wait if tries.count > WRONG_LINKS.most else 0
