"""What a session costs as its people grow: to look at, to prove, to take along and to move."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import psycopg
import uvloop

from app.config import PROJECT
from app.web.processes import allow_many_connections
from tests.bench.crowd import bring_in
from tests.bench.figure import Chapter, Figure, WrongAnswer, plain, under
from tests.bench.load import Plan, post_records
from tests.bench.looks import LOOKS, PAGES, look
from tests.bench.monitor import clocking, dashboards, ticks_so_far
from tests.bench.plot import Plot
from tests.bench.records import FIELD, STUDY, check, longest_gap
from tests.bench.stage import PROCESSES, Stage
from tests.house.clusters import several
from tests.house.house import House
from tests.house.server import Server

PEOPLE = (100, 1000, 3000, 10_000)
WIDTH = 200  # connections
ODD = 1.5  # times its part of the people that a cost may grow by
PROOFS = ("verify", "export", "transfer")
HOW = """One session of so many people in rooms of four at each size, in the first of two databases. All are signed in
and have read their page; then {width} connections post forms of one field of theirs for {seconds} s as fast as the
server ({processes} processes) answers, so that each session has about as many records, whose receipts are computed
again, while a dashboard is open on each process: the longest gap between two of its ticks, and what a tick takes of a
processor in the server. Then, once the tables are vacuumed, as Postgres does by itself within a minute, each page of a
researcher's {looks} times, the median. The session is closed, and
`networklab verify`, `networklab export` and `networklab transfer` to the other database run once each, as commands,
their start included. How to read it: a page and a tick tell of all people or rooms that there are; what is proved and
moved are all rows, of which the records are the most where there are fewer than some thousand people."""


@dataclass(frozen=True, slots=True)
class Size:
    people: int
    gap: float  # seconds
    tick: float  # ms
    pages: dict[str, float]  # ms
    proofs: dict[str, float]  # seconds


def run(stage: Stage) -> Chapter:
    allow_many_connections()
    seconds = 2 if stage.quick else 5
    sizes = PEOPLE[:2] if stage.quick else PEOPLE
    with stage.house("large") as main, stage.house("large_east") as east:
        databases = several(main=main.database, east=east.database)
        server = main.serve(PROCESSES, None, **databases | clocking(main.folder / "ticks"))
        found = [_size(main, server, databases, people, seconds, lap) for lap, people in enumerate(sizes)]
    how = HOW.format(width=WIDTH, seconds=seconds, processes=PROCESSES, looks=LOOKS)
    return Chapter("One large session", tuple(_figures(found)), how, _plots(found))


def _size(
    main: House, server: Server, databases: dict[str, str], people: int, seconds: int, lap: int
) -> Size:
    session = main.open(STUDY % (FIELD % "f0"), {"any": people})
    plan = Plan(server.base, uvloop.run(bring_in(server.base, session)), ["f0"], main.folder)
    with dashboards(main, server, session) as ticks:
        post_records(plan, WIDTH, 1, 2 * lap)  # warms up
        took, count = ticks_so_far(main.folder / "ticks", main)
        started = time.perf_counter()
        load = post_records(plan, WIDTH, seconds, 2 * lap + 1)
        ended = time.perf_counter()
        took_since, count_since = ticks_so_far(main.folder / "ticks", main)
        gap = max(longest_gap(found, started, ended) for found in ticks.values())
    if not count_since > count:
        raise WrongAnswer("no tick was clocked")
    check(main, load, WIDTH)
    with psycopg.connect(main.database, autocommit=True) as conn:
        conn.execute("vacuum (analyze)")
    pages = asyncio.run(look(main, server, session.id))
    main.act("close", session)
    out = main.folder / f"{people}.zip"
    words = (["verify", session.id], ["export", session.id, "--to", str(out)])
    proofs = [_typed(main, databases, [*one]) for one in (*words, ["transfer", session.id, "--to", "east"])]
    return Size(
        people,
        gap,
        1000 * (took_since - took) / (count_since - count),
        pages,
        dict(zip(PROOFS, proofs, strict=True)),
    )


def _typed(house: House, databases: dict[str, str], words: Sequence[str]) -> float:
    """Seconds that a command takes."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-P", "-m", "app", *words],
        env=os.environ | databases | {"PYTHONPATH": str(PROJECT)},
        cwd=house.folder,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise WrongAnswer(
            f"{words[0]} ended with {done.returncode}: {done.stdout[-500:]}{done.stderr[-500:]}"
        )
    return time.perf_counter() - started


def _figures(found: Sequence[Size]) -> Iterator[Figure]:
    last, before = found[-1], found[-3 if len(found) > 2 else 0]
    of, times = f"of {last.people:,} people", last.people / before.people
    yield under(f"the dashboard {of}: longest gap between two ticks", [last.gap], "s", 1.5)
    yield plain(f"the dashboard {of}: a tick in a server process", [last.tick], "ms")
    for name, taken in last.pages.items():
        yield plain(f"{name} {of}", [taken], "ms")
    for name, took in last.proofs.items():
        yield plain(f"`{name}` {of}", [took], "s")
    against = f"{times:.0f} times as many people ({before.people:,} → {last.people:,})"
    costs = {name: (before.pages[name], last.pages[name]) for name in PAGES.values()}
    costs |= {f"`{name}`": (before.proofs[name], last.proofs[name]) for name in PROOFS}
    costs["a tick"] = before.tick, last.tick
    for name, (few, many) in costs.items():
        yield under(f"{name}: {against} take", [many / few], "times as long", ODD * times)


def _plots(found: Sequence[Size]) -> tuple[Plot, ...]:
    along = "people of one session"
    pages = {page: [(one.people, one.pages[page]) for one in found] for page in PAGES.values()}
    return (
        Plot("large-pages", "Pages of a session", "ms", along, pages),
        Plot(
            "large-proofs",
            "All of a session",
            "s",
            along,
            {name: [(one.people, one.proofs[name]) for one in found] for name in PROOFS},
        ),
        Plot(
            "large-ticks",
            "A tick of the dashboard, while as many forms come as the server takes",
            "ms",
            along,
            {"in a server process": [(one.people, one.tick) for one in found]},
        ),
    )
