"""What it costs in processor time that somebody signs in, answers, writes or moves: of the server and of its Postgres.

A rehearsal weighs what was used against this (`capacity.Load`), and a study that nobody has played yet is reckoned by
it (`sizing`). `bin/bench capacity` plays four studies and holds it against what they took.

What comes alone costs more than what comes among others, which are committed, read and drawn together: a process that
has nothing else to do gets up for each. So there is a cost of each thing, and one of getting up, which grows with what
comes in a second until a process is up all the time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Used:
    """Cores: 1.0 is one all the time. Of a single thing: seconds of one."""

    server: float
    postgres: float

    def __add__(self, other: Used) -> Used:
        return Used(self.server + other.server, self.postgres + other.postgres)

    def __mul__(self, times: float) -> Used:
        return Used(self.server * times, self.postgres * times)

    @property
    def together(self) -> float:
        return self.server + self.postgres


# Seconds of a core, by what a rehearsal calls a form; with all that follows from it on pages and in rooms. `decided` is
# what a form of `records` costs more where hooks are asked as its step ends, `alone` where its step is one that each
# does for themselves: the next page is drawn, or a seat found, for one at a time.
EACH = {
    "sign-in": Used(0.0050, 0.0080),
    "records": Used(0.0004, 0.0008),
    "decided": Used(0.0013, 0.0014),
    "alone": Used(0.0050, 0.0060),
    "messages": Used(0.0004, 0.0008),
    "moves": Used(0.0006, 0.0004),
}
MORE = ("decided", "alone")  # of a form that is counted already
UP = Used(0.40, 0.17)  # cores of a process that is up all the time …
OFTEN = 60.0  # … which it is by two thirds where so many forms come to it in a second


def used(a_second: Mapping[str, float], processes: int) -> Used:
    """By so many forms of each kind in a second; other kinds cost as little as they are rare."""
    forms = sum(rate for kind, rate in a_second.items() if kind not in MORE)
    up = processes * (1 - math.exp(-forms / processes / OFTEN))
    return sum((EACH[kind] * rate for kind, rate in a_second.items() if kind in EACH), UP * up)
