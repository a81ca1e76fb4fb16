"""Pace: what would be done over and over is done at most so often, and the first time after a while at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Pace:
    def __init__(self, seconds: float, work: Callable[[], None]) -> None:
        self.seconds, self.work = seconds, work
        self.timer: asyncio.TimerHandle | None = None
        self.last = 0.0

    def want(self) -> None:
        """Not before whoever asks is through."""
        if self.timer is None:
            loop = asyncio.get_running_loop()
            self.timer = loop.call_at(max(loop.time(), self.last + self.seconds), self._work)

    def _work(self) -> None:
        self.timer, self.last = None, asyncio.get_running_loop().time()
        self.work()
