"""The same record forms on a disk whose flushes take 2 ms longer."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg

from tests.bench.crowd import bring_in
from tests.bench.figure import Chapter, WrongAnswer, at_least, plain
from tests.bench.load import Plan, post_records
from tests.bench.records import FIELD, PEOPLE, STUDY, check
from tests.bench.stage import PROCESSES, Stage, set_up
from tests.house.house import House

SOURCE = Path(__file__).with_name("slow_flush.c")
WIDTH = 200  # connections
HOW = """The load of the records' benchmark, forms of one field on {width} connections, on two servers in turns: one on
the Postgres of the other benchmarks, one on a Postgres whose every flush is made to take 2 ms longer by a library
that is preloaded into it (`tests/bench/slow_flush.c`), as on a network's disk. The share is that of each pair of
runs. One client's commits, one after the other, show that the flushes are slow."""


def run(stage: Stage) -> Chapter:
    if not shutil.which("cc"):
        return Chapter(
            "A slow disk", (), "Not measured: there is no C compiler here (`cc`) to make flushes slow with."
        )
    seconds = 3 if stage.quick else 10
    with ExitStack() as stack:
        with slow_flushes(stage.home):
            slow = stack.enter_context(set_up(stage.quick))
        plans = []
        for one in (stage, slow):
            house = stack.enter_context(one.house("disk"))
            server = house.serve(processes=PROCESSES)
            session = house.open(STUDY % (FIELD % "f0"), {"any": PEOPLE})
            plans.append(
                (house, Plan(server.base, asyncio.run(bring_in(server.base, session)), ["f0"], house.folder))
            )
            post_records(plans[-1][1], WIDTH, 2, 0)
        alone = [commit_alone(house) for house, _ in plans]
        if alone[1] < 2:
            raise WrongAnswer(f"a commit takes {alone[1]:.2f} ms where a flush should take 2 ms")
        pairs = []
        for lap in range(1, stage.runs + 1):
            loads = [post_records(plan, WIDTH, seconds, lap) for _, plan in plans]
            for (house, _), load in zip(plans, loads, strict=True):
                check(house, load, WIDTH)
            pairs.append(loads)
    rates = [[len(load.receipts) / load.seconds for load in pair] for pair in pairs]
    figures = (
        plain("fast disk: one commit alone", alone[:1], "ms"),
        plain("2 ms flush: one commit alone", alone[1:], "ms"),
        plain("fast disk: acknowledged", [fast for fast, _ in rates], "forms/s"),
        plain("2 ms flush: acknowledged", [slow for _, slow in rates], "forms/s"),
        plain("2 ms flush: answer, p99", [pair[1].p99 for pair in pairs], "ms"),
        at_least("2 ms flush, of the fast disk", [100 * slow / fast for fast, slow in rates], "%", 80),
    )
    return Chapter("A slow disk", figures, HOW.format(width=WIDTH))


def commit_alone(house: House) -> float:
    """Milliseconds, the fastest of a hundred: what else runs here only makes some slower."""
    with psycopg.connect(house.database, autocommit=True) as conn:
        conn.execute("create table alone (number integer)")
        took = []
        for number in range(100):
            started = time.perf_counter()
            conn.execute("insert into alone values (%s)", [number])
            took.append(1000 * (time.perf_counter() - started))
    return min(took)


@contextmanager
def slow_flushes(folder: Path, milliseconds: float = 2) -> Iterator[None]:
    """Of a Postgres that is started meanwhile: each takes so much longer."""
    library = folder / "slow_flush.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", library, SOURCE, "-ldl"], check=True)
    os.environ["LD_PRELOAD"], os.environ["SLOW_FLUSH"] = str(library), f"{1000 * milliseconds:.0f}"
    try:
        yield
    finally:
        del os.environ["LD_PRELOAD"], os.environ["SLOW_FLUSH"]
