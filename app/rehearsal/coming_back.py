"""A database that is just coming back is asked again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from app.database.connections import AWAY

T = TypeVar("T")
PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds before it is asked again; the last from then on
USUAL = 15.0  # seconds


async def asked_again(ask: Callable[[], Awaitable[T]], within: float = USUAL) -> T:
    """For so many seconds; what may be asked more than once. Raises what the last try did."""
    deadline, tries = time.monotonic() + within, 0
    while True:
        try:
            return await ask()
        except AWAY:
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(PAUSES[min(tries, len(PAUSES) - 1)])
        tries += 1
