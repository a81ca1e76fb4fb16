"""What is done over and over, and how often."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise

from app.database.breath import REST, Breath


def begun(pace: float, takes: float, times: int = 4) -> list[float]:
    """Seconds from the beginning of each to that of the next one, of something that takes so many."""

    async def over_and_over() -> list[float]:
        breath, found = Breath(pace), list[float]()
        for _ in range(times):
            async with breath:
                found.append(time.monotonic())
                await asyncio.sleep(takes)  # what is done, and takes that long
        return [later - sooner for sooner, later in pairwise(found)]

    return asyncio.run(over_and_over())


def test_what_takes_no_time_keeps_its_pace_and_what_takes_long_rests_as_long() -> None:
    assert min(begun(0.02, 0.0)) >= 0.019  # the clock of a loop counts in milliseconds
    assert min(begun(0.001, 0.01)) >= (1 + REST) * 0.01 - 0.001


def test_nobody_waits_long_because_something_took_long_once() -> None:
    async def after(took: float) -> float:
        breath = Breath(0.01)
        breath.took, breath.begun = took, time.monotonic() - took
        async with breath:
            return breath.begun

    now = time.monotonic()
    assert asyncio.run(after(20.0)) - now < 5


def test_what_has_no_pace_never_waits() -> None:
    assert min(begun(0.0, 0.02)) < 0.02 * (1 + REST)
