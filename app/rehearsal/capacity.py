"""Capacity: how many players a server would hold, from what it used while it was watched."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.rehearsal.gauges import Sample

BUSIEST = 10.0  # seconds of the highest load, from which the capacity is estimated
FILL = 0.8  # of a core or of all cores: more leaves no room for a burst


@dataclass(frozen=True, slots=True)
class Capacity:
    """`players` at most, and what would be full then."""

    players: int
    limit: str


def estimate(samples: Sequence[Sample], players: float) -> Capacity | None:
    """From the share of the processors that the server used when it was busiest. The bots' own use doesn't count."""
    shares: list[tuple[float, str]] = []
    cores = os.cpu_count() or 1
    for first, last in _windows(samples):
        seconds = last.at - first.at
        used = {
            name: process.cpu - first.processes[name].cpu
            for name, process in (last.processes or {}).items()
            if first.processes and name in first.processes
        }
        if not used:
            continue
        share = max(used.values()) / seconds
        shares.append((share / FILL, f"a server process, {share:.0%} of a core when it was busiest"))
        if first.postgres_cpu is not None and last.postgres_cpu is not None:
            database = last.postgres_cpu - first.postgres_cpu
            share = (sum(used.values()) + database) / seconds / cores
            what = f"the processors: server and Postgres used {share:.0%} of {cores} cores when they were busiest"
            shares.append((share / FILL, what))
    if not shares:
        return None
    share, limit = max(shares)
    return Capacity(_two_digits(players / max(share, 0.001)), limit)


def _windows(samples: Sequence[Sample]) -> Iterator[tuple[Sample, Sample]]:
    for first in samples:
        last = next((one for one in samples if one.at >= first.at + BUSIEST), None)
        if last is None:
            if len(samples) > 1 and first is samples[0]:
                yield samples[0], samples[-1]
            return
        yield first, last


def _two_digits(number: float) -> int:
    """Rounded down: an estimate has no more."""
    unit = 10 ** max(0, int(math.log10(max(number, 1))) - 1)
    return int(number // unit * unit)
