"""Connected pages: what waits to be sent to each, and whether it has to see everything anew."""

from __future__ import annotations

import asyncio

from app.web.live.places import Place

QUEUE = 64  # messages that a slow page may lag behind before it gets a snapshot instead


class Page:
    """One connected page. `queue` holds what is to be sent; `stale` says that it needs a snapshot first."""

    # Ten thousand of them: an empty deque takes 600 bytes, an empty list 60.
    __slots__ = ("logs", "place", "player_id", "queue", "seq", "session_id", "stale", "wake")

    def __init__(self, player_id: int, session_id: str) -> None:
        self.player_id, self.session_id = player_id, session_id
        self.place: Place | None = None
        self.seq = 0  # of the snapshot, in its log
        self.logs: set[int] = set()
        self.queue: list[bytes] = []
        self.stale = True
        self.wake = asyncio.Event()

    def push(self, message: bytes) -> None:
        if len(self.queue) >= QUEUE:
            self.refresh()
        elif not self.stale:
            self.queue.append(message)
            self.wake.set()

    def refresh(self) -> None:
        self.queue.clear()
        self.stale = True
        self.wake.set()
