"""Connected pages: what waits to be sent to each, and whether it has to see everything anew."""

from __future__ import annotations

import asyncio

from app.web.live.places import Place
from app.web.straight import Straight

QUEUE = 64  # messages that a slow page may lag behind before it gets a snapshot instead


class Page:
    """One connected page. `queue` holds what is to be sent; `stale` says that it needs a snapshot first.

    `straight`: where nothing is before it, a message goes out as it comes, and nobody has to be woken for it.
    """

    # Ten thousand of them: an empty deque takes 600 bytes, an empty list 60.
    __slots__ = ("logs", "place", "player_id", "queue", "seq", "session_id", "stale", "straight", "wake")

    def __init__(self, player_id: int, session_id: str) -> None:
        self.player_id, self.session_id = player_id, session_id
        self.place: Place | None = None
        self.seq = 0  # of the snapshot, in its log
        self.logs: set[int] = set()
        self.queue: list[bytes] = []
        self.stale = True
        self.straight: Straight | None = None
        self.wake = asyncio.Event()

    async def news(self, straight: Straight | None) -> bytes | None:
        """What is to be sent next, as soon as there is something; None where that is a snapshot."""
        while True:
            self.wake.clear()
            if self.stale:
                return None
            if self.queue:
                news = b"".join(self.queue)
                self.queue.clear()
                return news
            self.straight = straight
            await self.wake.wait()

    def push(self, message: bytes) -> None:
        if self.stale or (self.straight is not None and self.straight.send(message)):
            return
        self.straight = None
        if len(self.queue) >= QUEUE:
            self.refresh()
        else:
            self.queue.append(message)
            self.wake.set()

    def refresh(self) -> None:
        self.queue.clear()
        self.stale, self.straight = True, None
        self.wake.set()
