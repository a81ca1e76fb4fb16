"""A million requests that no page of ours makes."""

from __future__ import annotations

import os
import random
import time

from tests.bench.figure import Chapter, WrongAnswer, plain, under
from tests.bench.stage import PROCESSES, Stage
from tests.house.fuzzing import SLOWEST, Fuzz, Fuzzed

REQUESTS = 1_000_000
HOW = """Requests from a seed (seed {seed} here; `NETWORKLAB_FUZZ=SEED` repeats one, `SEED:REQUEST` begins at one) go to
every address that the application has, by every method, with the cookies and form keys of players and researchers
or without, and with heads and bodies that are a little off or quite wrong. None may be answered with a 5xx but 503
with `Retry-After`, with a 4xx without a sentence, or three times in a row after {slowest:.0f} s; none may tell of what
is inside. Afterwards the processes are those of the beginning, their log tells of no error, every acknowledged record
is stored, and `verify` holds for every session. The answers were {statuses}."""


def run(stage: Stage) -> Chapter:
    count = 5_000 if stage.quick else REQUESTS
    seed, _, first = os.environ.get("NETWORKLAB_FUZZ", str(random.randrange(10**6))).partition(":")
    with stage.house("fuzz") as house:
        fuzz = Fuzz(house, house.serve(processes=PROCESSES), int(seed))
        began = time.monotonic()
        try:
            sent = fuzz.run(count, float("inf"), int(first or 0))
        except* Fuzzed as found:
            raise WrongAnswer(str(found.exceptions[0])) from None
        took = time.monotonic() - began
    statuses = ", ".join(f"{status} {count:,} times" for status, count in sorted(fuzz.statuses.items()))
    figures = (
        plain("requests that broke nothing", [sent], "requests"),
        plain("of them in a second", [sent / took], "requests/s"),
        plain("records acknowledged meanwhile, all stored", [len(fuzz.acknowledged)], "records"),
        under("slowest answer, asked again where it was late", [fuzz.slowest], "s", SLOWEST),
    )
    return Chapter("Odd requests", figures, HOW.format(seed=seed, slowest=SLOWEST, statuses=statuses))
