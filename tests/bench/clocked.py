"""In a server process of a benchmark: what the task of the dashboards takes of the processor, noted once a second.

`sitecustomize` in a folder that goes first on PYTHONPATH calls `clock_ticks`. A task is run in steps, from one
`await` to the next, and between them others have the thread: so each step is clocked by itself.
"""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path
from typing import Any

from app.web.monitor.ticker import Ticker


class Clocked:
    """Awaits what it is given, and adds up the processor time of the thread in its steps."""

    def __init__(self, work: Awaitable[Any]) -> None:
        self.work, self.seconds = work, 0.0

    def __await__(self) -> Generator[Any, Any, Any]:
        steps = self.work.__await__()
        answer: Any = None
        error: BaseException | None = None
        while True:
            started = time.thread_time()
            try:
                waits_for = steps.send(answer) if error is None else steps.throw(error)
            except StopIteration as stop:
                return stop.value
            finally:
                self.seconds += time.thread_time() - started
            try:
                answer, error = (yield waits_for), None
            except BaseException as thrown:
                answer, error = None, thrown


def clock_ticks(folder: Path) -> None:
    """From now on each process keeps the seconds that its ticks have taken so far in a file of its own."""
    tick: Callable[..., Awaitable[None]] = Ticker._tick
    total = [0.0, 0.0]  # seconds, ticks

    async def clocked(self: Ticker, *given: Any) -> None:
        clocked = Clocked(tick(self, *given))
        try:
            await clocked
        finally:
            total[0] += clocked.seconds
            total[1] += 1
            file = folder / str(os.getpid())
            file.with_suffix(".new").write_text(f"{total[0]} {total[1]:.0f}")
            file.with_suffix(".new").rename(file)

    setattr(Ticker, "_tick", clocked)  # noqa: B010


if folder := os.environ.get("NETWORKLAB_BENCH_TICKS"):
    clock_ticks(Path(folder))
