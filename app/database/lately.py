"""How long things took of late: what was slow an hour ago says nothing of now."""

from __future__ import annotations

import time
from collections import deque

MOST = 1000
LATELY = 60.0  # seconds


class Lately:
    """The newest `MOST` of the last minute."""

    def __init__(self) -> None:
        # When, on the monotonic clock, and how long.
        self._taken: deque[tuple[float, float]] = deque(maxlen=MOST)

    def append(self, seconds: float) -> None:
        self._taken.append((time.monotonic(), seconds))

    def seconds(self, now: float | None = None) -> list[float]:
        """`now`: on the monotonic clock."""
        since = (time.monotonic() if now is None else now) - LATELY
        while self._taken and self._taken[0][0] < since:
            self._taken.popleft()
        return [seconds for _, seconds in self._taken]
