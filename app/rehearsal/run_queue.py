"""How long programs of a drill stood in line for a processor, which says nothing of the server but of its machine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

WINDOW = 5.0  # seconds that are looked at together
BEAT = 0.5  # seconds between two looks


class RunQueue:
    """By what Linux counts of each main thread; elsewhere nobody ever stands in line."""

    def __init__(self, whose: Callable[[], Iterable[int]]) -> None:
        self.whose = whose
        self.beats: list[tuple[float, dict[int, float]]] = []  # when, and process → seconds in line so far

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            self.beats.append((time.monotonic(), {pid: in_line(pid) for pid in self.whose()}))
            await asyncio.sleep(BEAT)

    def longest(self, since: float, until: float) -> float:
        """Of all processes and all windows between these moments: the most seconds in line in one."""
        found, first = 0.0, 0
        there = [(at, waits) for at, waits in self.beats if since - BEAT <= at <= until + BEAT]
        for last, (at, waits) in enumerate(there):
            while first < last - 1 and there[first][0] < at - WINDOW:
                first += 1
            before = there[first][1]
            more = (waited - before[pid] for pid, waited in waits.items() if pid in before)
            found = max(found, *more, 0.0)
        return found


def in_line(pid: int) -> float:
    """Seconds for which it could have gone on, and others had the processors."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    return 0.0
