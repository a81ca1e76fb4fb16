"""Memory over an hour: one game after the other on the same server."""

from __future__ import annotations

import time
from dataclasses import replace

from tests.bench.figure import Chapter, WrongAnswer, plain, under
from tests.bench.game import REAL, played_well
from tests.bench.stage import PROCESSES, Stage
from tests.house.house import House
from tests.house.studies import RUMOUR

MINUTES = 60
WARM = 0.25  # of the time, after which memory should be flat
PLAN = replace(REAL, over=120.0, at_most=400.0)
HOW = f"""Games of 700 people in real time (see below: the same bots, coming within two minutes), one after the
other on the same server processes, for {MINUTES} minutes. What each process keeps resident is read once a second;
growth is the highest of the last tenth minus the highest between a quarter and a third of the way, of the
process that grew most. No process may have been replaced meanwhile."""


def run(stage: Stage) -> Chapter:
    minutes = 2 if stage.quick else MINUTES
    plan = replace(PLAN, players=60, over=10.0, at_most=30.0) if stage.quick else PLAN
    series: dict[str, list[tuple[float, float]]] = {}  # process → when, megabytes
    records = 0.0
    with stage.house("soak") as house:
        server = house.serve(processes=PROCESSES)
        pids = house.workers()
        started = time.monotonic()
        while time.monotonic() < started + 60 * minutes:
            played, verdict = played_well(house, server, RUMOUR, replace(plan, seed=plan.seed + int(records)))
            records += verdict.figures["records acknowledged"]
            for sample in played.gauges.samples:
                for name, process in (sample.processes or {}).items():
                    series.setdefault(name, []).append((sample.at - started, process.memory))
        took = time.monotonic() - started
        _same(house, pids)
        server.stop()
    growths, most = [], 0.0
    for line in series.values():
        early = max(size for at, size in line if WARM * took <= at <= WARM * 4 / 3 * took)
        late = max(size for at, size in line if at >= 0.9 * took)
        growths.append(late - early)
        most = max(most, *(size for _, size in line))
    figures = (
        under(f"memory growth of a process in {took / 60:.0f} minutes", [max(growths)], "MB", 20),
        plain("memory of a process, most", [most], "MB"),
        plain("records stored meanwhile", [records], "records"),
    )
    return Chapter("Memory over an hour", figures, HOW)


def _same(house: House, pids: list[int]) -> None:
    if house.workers() != pids:
        raise WrongAnswer("a server process was replaced")
