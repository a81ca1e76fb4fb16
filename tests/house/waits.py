"""How a story waits: for what it names, and never for a time."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
PATIENCE = 30.0  # seconds for what comes at once on an idle machine, on one that does much else
SOONEST, LATEST = 0.02, 0.1  # seconds between two looks


async def until(
    condition: Callable[[], Any], what: str | Callable[[], str], seconds: float = PATIENCE
) -> Any:
    """Wait until `condition` gives something true, and return that. `what`: told where it never came."""
    deadline = time.monotonic() + seconds
    pause = SOONEST
    while True:
        found = condition()
        if inspect.isawaitable(found):
            found = await found
        if found:
            return found
        assert time.monotonic() < deadline, f"never came: {what if isinstance(what, str) else what()}"
        await asyncio.sleep(pause)  # another process tells nobody here what it has done: one has to ask again
        pause = min(
            1.5 * pause, LATEST
        )  # but who asks for a page all the time keeps the machine from making it


def apart(work: Callable[[], T]) -> T:
    """What needs an event loop of its own, in a thread of its own: the browser stories' own thread has Playwright's."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()
