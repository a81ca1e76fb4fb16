"""A drill of faults over two hosts and two clusters of Patroni's, and nothing lost."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.bench.drill import drilled
from tests.bench.figure import Chapter, Figure, WrongAnswer, at_least, percentile, plain
from tests.bench.stage import Stage

SEEDS, FAULTS, PLAYERS = range(203, 220), 12, 40
SEVERAL = ("--hosts", "2", "--two-databases", "--patroni")
LONGEST = 100 * 60.0  # seconds after which no further one begins
AIM = 200  # faults
AT_ONCE = 2  # which wait for most of their time
HOW = """`networklab drill studies/rumour --hosts 2 --two-databases --patroni --faults {faults} --players {players}`
with the seeds {seeds}, two at a time: two hosts of the server behind HAProxy, two databases, each of them two
Postgres that Patroni looks after with an etcd of three of its own, all on this machine, each in a network of its own.
Half of the people play in each database at the same time, four times as fast as people do, some of them with bad
connections; a fault comes every few seconds, each kind as often as any other, those of a database for the one and the
next time for the other. Of each fault, the table has for how long somebody was held up whom it befell: from the
fault, or from when it was sent, until a form or a page was answered or a page had its stream again. Afterwards every
receipt must be in the export of its session, every message must have been seen once by whom it was for and by nobody
else, nobody may be stuck or seated twice, and `verify` must hold, in both databases. Where a host was gone nobody may
be without the server for more than 10 s; what befalls one database, nobody in the other may notice for more than 5 s;
the seconds are taken off in which programs had the processors within that very time that are not the drill's, and
those of the drill beside it are such. Of {untimed} of the faults no times are told, since those programs had more than
half of the processors then. If that is so of more than half of them, or anything else is otherwise, nothing is
measured and the seed is told."""


def run(stage: Stage) -> Chapter:
    began = time.monotonic()

    def play(seed: int) -> dict[str, Any] | None:
        if time.monotonic() > began + LONGEST:
            return None
        return drilled(seed, 5 if stage.quick else FAULTS, PLAYERS, *SEVERAL)

    seeds = SEEDS[:1] if stage.quick else SEEDS
    with ThreadPoolExecutor(AT_ONCE) as several:
        found = {seed: one for seed, one in zip(seeds, several.map(play, seeds), strict=True) if one}
    return chapter(list(found), list(found.values()), 5 if stage.quick else AIM)


def chapter(seeds: list[int], found: list[dict[str, Any]], aim: int = AIM) -> Chapter:
    incidents = [one for outcome in found for one in outcome["incidents"]]
    there = [one for one in incidents if one["there"]]
    timed = [one for one in incidents if one["timed"]]
    if 2 * len(timed) < len(incidents):
        raise WrongAnswer(f"of {len(incidents)} faults only {len(timed)} were timed: end other programs")
    sessions = [one for outcome in found for one in outcome["sessions"]]
    figures: list[Figure] = [
        at_least("faults after which nothing was lost", [len(there)], "faults", aim),
        plain("sessions, in both databases", [len(sessions)], "sessions"),
        plain(
            "forms that were acknowledged, and are all in the export",
            [sum(one["figures"]["receipts found in the export"] for one in sessions)],
            "receipts",
        ),
        *_of_each(timed),
        *_beside(timed),
    ]
    how = HOW.format(
        faults=FAULTS,
        players=PLAYERS,
        seeds=", ".join(map(str, seeds)),
        untimed=len(there) - len(timed),
    )
    return Chapter("Drill of hosts and clusters", tuple(figures), how)


def _of_each(incidents: list[dict[str, Any]]) -> Iterator[Figure]:
    """For how long somebody was held up, at each."""
    longest: defaultdict[str, list[float]] = defaultdict(list)
    for one in incidents:
        longest[one["fault"]].append(one["longest"])
    for fault, seconds in sorted(longest.items(), key=lambda item: -percentile(item[1], 0.5)):
        yield plain(f"{fault} ({len(seconds)}×)", seconds, "s")


def _beside(incidents: list[dict[str, Any]]) -> Iterator[Figure]:
    beside = [one["beside"] for one in incidents if "beside" in one]
    if people := [one["longest"] for one in beside if one["there"]]:
        yield plain(f"people in the other database ({len(people)}×)", people, "s")
    if beside:
        yield plain(f"its dashboard ({len(beside)}×)", [one["apart"] for one in beside], "s")
