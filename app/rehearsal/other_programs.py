"""How long other programs than a drill's own had the processors, which says nothing of the server."""

from __future__ import annotations

import asyncio
import math
import os
import time
from bisect import bisect
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from app.rehearsal.programs import TICK, Program, programs

BEAT = 1.0  # seconds between two looks
BUSY = (
    0,
    1,
    2,
    7,
)  # of what /proc/stat counts: users, nice, system, and what other machines on this one took


class OtherPrograms:
    """By what Linux counts of all processors, less what it counts of the drill's own processes; elsewhere others never
    have any.

    How long our own stood in line would not do: they stand in line behind each other, too, and a server that takes all
    processors for itself would excuse itself.
    """

    def __init__(self, roots: Callable[[], Iterable[int | None]]) -> None:
        """`roots`: besides us, those of ours that nobody has started who is still there."""
        self.roots = roots
        self.beats: list[
            tuple[float, float]
        ] = []  # when, and seconds of any processor that others had so far
        self._busy: float | None = None
        self._own: dict[int, Program] = {}

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(BEAT)

    def look(self) -> None:
        busy, own = busy_seconds(), self._ours()
        before = self.beats[-1][1] if self.beats else 0.0
        # May be a little less than nothing, since both are counted in hundredths: over many beats that is made up for.
        more = 0.0 if self._busy is None or busy is None else busy - self._busy - taken(self._own, own)
        self.beats.append((time.monotonic(), before + more))
        self._busy, self._own = busy, own

    def seconds(self, since: float, until: float) -> float:
        """In which others had all processors, between these moments; where they had half of them, half as many."""
        return max(0.0, self._at(until) - self._at(since)) / (os.cpu_count() or 1)

    def _at(self, moment: float) -> float:
        later = bisect(self.beats, (moment, math.inf))
        if later in (0, len(self.beats)):
            return self.beats[min(later, len(self.beats) - 1)][1] if self.beats else 0.0
        (one, had), (other, has) = self.beats[later - 1], self.beats[later]
        return had + (has - had) * (moment - one) / (other - one)

    def _ours(self) -> dict[int, Program]:
        """We, what we have started, what was ours at the last look, and all that these have started."""
        there = {one.pid: one for one in programs()}
        below: dict[int, list[int]] = {}
        for one in there.values():
            below.setdefault(one.parent, []).append(one.pid)
        found, new = dict[int, Program](), [os.getpid(), *self._own, *filter(None, self.roots())]
        while new:
            pid = new.pop()
            if pid in there and pid not in found:
                found[pid] = there[pid]
                new += below.get(pid, [])
        return found


def taken(before: Mapping[int, Program], now: Mapping[int, Program]) -> float:
    """Seconds of a processor that these took between two looks, with those that came or ended in between."""
    ended: dict[int, float] = {}  # parent → what it is told now that its children had, and was counted before
    for pid, one in before.items():
        if pid not in now:
            ended[one.parent] = ended.get(one.parent, 0.0) + one.cpu + one.children_cpu
    found = 0.0
    for pid, one in now.items():
        was = before.get(pid)
        cpu, children_cpu = (was.cpu, was.children_cpu) if was else (0.0, 0.0)
        found += max(0.0, one.cpu - cpu)
        found += max(0.0, one.children_cpu - children_cpu - ended.get(pid, 0.0))
    return found


def busy_seconds() -> float | None:
    """Of all processors, since the machine started."""
    with suppress(OSError, ValueError, IndexError):
        ticks = [int(part) for part in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
        return sum(ticks[nth] for nth in BUSY) / TICK
    return None
