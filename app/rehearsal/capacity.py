"""Capacity: how many players a server would hold, from what it used while it was watched.

What is measured is how much of the processors each part used in the busiest seconds, and how that grew with the forms
that came, from the quiet seconds of the same rehearsal to its busiest. What is concluded is that it goes on like that
to where the first part is full, and no further than a few times what was played.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import linear_regression

from app.rehearsal.costs import Used, used
from app.rehearsal.gauges import Sample

BUSIEST = 10.0  # seconds of the highest load, from which the capacity is estimated
MOMENT = 5.0  # seconds that are one point of how load grew with forms
# Times as many forms in the busiest of them as in the quietest: with less growth can't be told, and what a server does
# while hardly anybody writes says nothing of it.
LEAST_SPREAD, MOST_SPREAD = 3.0, 10.0
LEAST_GROWTH = 0.5  # a busy server does more at once, and yet no form is for nothing
FILL = 0.9  # of a core or of all cores: more leaves no room for a burst
# Whoever waits for an answer sends nothing meanwhile, so people who are many times as fast overload a server later than
# others: each form may take so many seconds more on average before an answer in a hundred is too late, and they may
# wait until this is left of the pace that they were to keep. With less they are not so many of such people any more.
SLACK, LEAST_PACE = 0.2, 0.75
MOST_TIMES = 3  # what was played: further the line is not drawn


@dataclass(frozen=True, slots=True)
class Load:
    """What each part used in the busiest seconds, in cores (1.0 is one core all the time)."""

    process: float  # the server process that used most
    server: float  # all server processes
    postgres: float | None  # None: it is not on this machine
    bot: float  # the process of bots that used most
    bots: float  # all of them
    forms: float  # that one who plays sent in a second, messages included
    rate: float  # that all sent in a second
    cores: int  # of this machine
    shared: bool  # server, Postgres and bots share this machine
    reckoned: Used  # what server and Postgres take for such forms elsewhere (see `costs`)

    @property
    def together(self) -> float:
        """Share of this machine's cores."""
        return (self.server + (self.postgres or 0.0) + self.bots) / self.cores

    def __str__(self) -> str:
        parts = [f"the server took {self.server:.0%}"]
        if self.postgres is not None:
            parts.append(f"Postgres {self.postgres:.0%}")
        parts.append(f"the bots {self.bots:.0%}")
        of = f": together {self.together:.0%} of {self.cores} cores" if self.shared else ""
        return f"{', '.join(parts[:-1])} and {parts[-1]} of a core{of}"


@dataclass(frozen=True, slots=True)
class Capacity:
    """`players` at most, as they were played, and what would be full then; `or_more`: it may well be more, the line is
    not drawn further."""

    players: int
    or_more: bool
    limit: str
    load: Load
    growth: float  # of that part's share with the forms: they to this power. 1: in proportion

    @property
    def words(self) -> str:
        return f"{self.players:,} or more" if self.or_more else f"about {self.players:,}"


def estimate(samples: Sequence[Sample], players: int, local: bool = True) -> Capacity | None:
    """For so many players who were played; None where the server did not say what it used.

    `local`: it is on this machine.
    """
    loads = [load for window in _windows(samples, BUSIEST) if (load := _load(window, local))]
    if not loads:
        return None
    growths = _growths(samples, local)
    most, limit, load, growth = min(
        (
            (
                players * (FILL / max(share, 0.001)) ** (1 / growth) * _slowed(load),
                limit,
                load,
                growth,
            )
            for load in loads
            for (share, limit), growth in zip(_shares(load), growths, strict=False)
        ),
        key=lambda one: one[0],
    )
    or_more = most > MOST_TIMES * players
    return Capacity(_two_digits(min(most, MOST_TIMES * players)), or_more, limit, load, growth)


def _growths(samples: Sequence[Sample], local: bool) -> list[float]:
    """Of each part that can be full, in the order of `_shares`: its share grew with the forms to this power.

    A server commits and draws for several at once where more comes, so that twice the forms cost less than twice as
    much. Where the forms hardly differed from moment to moment, nothing is known of that, and it is 1.
    """
    moments = [
        load for window in _windows(samples, MOMENT) if (load := _load(window, local)) and load.rate > 0
    ]
    busiest = max((load.rate for load in moments), default=0.0)
    moments = [load for load in moments if load.rate >= busiest / MOST_SPREAD]
    if all(load.rate > busiest / LEAST_SPREAD for load in moments):
        return [1.0, 1.0, 1.0]
    rates = [math.log(load.rate) for load in moments]
    parts = zip(
        *([math.log(max(share, 0.001)) for share, _ in _shares(load)] for load in moments), strict=False
    )
    return [min(max(linear_regression(rates, part).slope, LEAST_GROWTH), 1.0) for part in parts]


def _shares(load: Load) -> Iterator[tuple[float, str]]:
    """How full each part was that can be full."""
    yield load.process, f"a server process, {load.process:.0%} of a core when it was busiest"
    yield load.bot, f"the bots themselves, {load.bot:.0%} of the core that one of their processes can use"
    if load.shared:
        yield (
            load.together,
            f"the processors of this machine, {load.together:.0%} of {load.cores} cores when they were busiest",
        )


def _slowed(load: Load) -> float:
    """Times as many people for the same forms, where they have to wait."""
    return 1 + min(SLACK * load.forms, 1 / LEAST_PACE - 1)


def _forms(window: Sequence[Sample]) -> float:
    """Of each who plays, in a second."""
    playing = sum(later.playing * (later.at - earlier.at) for earlier, later in pairwise(window))
    return sum(len(one.latencies) for one in window[1:]) / playing if playing else 0.0


def reckoned(first: Sample, last: Sample) -> Used:
    """What the forms that were answered between two samples take, by what each costs."""
    seconds = last.at - first.at
    rates = {kind: (many - first.acts.get(kind, 0)) / seconds for kind, many in last.acts.items()}
    return used(rates, len(last.processes or {}) or 1)


def _load(window: Sequence[Sample], local: bool) -> Load | None:
    first, last = window[0], window[-1]
    seconds = last.at - first.at
    used = {
        name: (process.cpu - first.processes[name].cpu) / seconds
        for name, process in (last.processes or {}).items()
        if first.processes and name in first.processes
    }
    if not used:
        return None
    bots = [(cpu - first.bots_cpu.get(pid, 0.0)) / seconds for pid, cpu in last.bots_cpu.items()]
    database = None
    if first.postgres_cpu is not None and last.postgres_cpu is not None:
        database = (last.postgres_cpu - first.postgres_cpu) / seconds
    return Load(
        process=max(used.values()),
        server=sum(used.values()),
        postgres=database,
        bot=max(bots, default=0.0),
        bots=sum(bots),
        forms=_forms(window),
        rate=sum(len(one.latencies) for one in window[1:]) / seconds,
        reckoned=reckoned(first, last),
        cores=os.cpu_count() or 1,
        shared=local and database is not None,
    )


def _windows(samples: Sequence[Sample], seconds: float) -> Iterator[Sequence[Sample]]:
    for start, first in enumerate(samples):
        end = next((n for n, one in enumerate(samples) if one.at >= first.at + seconds), None)
        if end is None:
            if len(samples) > 1 and start == 0:
                yield samples
            return
        yield samples[start : end + 1]


def _two_digits(number: float) -> int:
    """Rounded down: an estimate has no more."""
    unit = 10 ** max(0, int(math.log10(max(number, 1))) - 1)
    return int(number // unit * unit)
