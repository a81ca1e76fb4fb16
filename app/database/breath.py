"""Breath: what is done over and over takes one between, so that more share what each time costs."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType

REST, LONGEST = 1.0, 0.05  # of the seconds that it took, and seconds


class Breath:
    """`async with` waits for the next time: `pace` seconds after the last one began, not at all where it is later.

    And where the last one took long, because there is much to do, not before a rest that is as long: half as many that
    do twice as much keep up with more, and without one who comes waits for those who came before, and they for others.
    """

    def __init__(self, pace: float) -> None:
        """`pace`: 0 is as fast as it goes."""
        self.pace, self.begun, self.took = pace, 0.0, 0.0

    async def __aenter__(self) -> None:
        if self.pace:
            rested = self.took + min(LONGEST, REST * self.took)
            await asyncio.sleep(self.begun + max(self.pace, rested) - time.monotonic())
        self.begun = time.monotonic()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.took = time.monotonic() - self.begun
