"""What a slower disk and a database that is farther away cost: forms, and how long their answers take."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from app.config import PROJECT
from tests.bench.crowd import bring_in
from tests.bench.disk import commit_alone, slow_flushes
from tests.bench.figure import Chapter, WrongAnswer, percentile, plain
from tests.bench.load import Load, Plan, post_records
from tests.bench.plot import Plot, Series
from tests.bench.records import FIELD, STUDY, check
from tests.bench.stage import PROCESSES, Stage, set_up
from tests.house.guests import Guest
from tests.house.house import House

LATER = (0.0, 1.0, 2.0, 5.0)  # milliseconds
FLUSH, DISTANCE = "each flush takes longer", "the database is farther away"
PEOPLE = 400
WIDTHS = (50, 200)  # connections
LOOKS = 20  # at one person's page
HOW = """The load of the records' benchmark, forms of one field of {people} people, as fast as they are
answered, on 50 and on 200 connections for {seconds} s each; every receipt is computed again. Once each flush
of Postgres takes longer, by a library that is preloaded into it (`tests/bench/slow_flush.c`); once everything
between server and Postgres takes longer, half of it there and half of it back, by a relay between them
(`tests/bench/relay.py`), which takes some of the same cores itself: at 0 ms it stands between them, too. A
page is `/play` of somebody in a room, {looks} times, the median. One run each.
How to read it: what comes while a batch waits for its flush, or is on its way, is committed together with the
next one, so that forms a second fall far less than a single answer is slower. With few connections there is
less to share, and the wait itself is the limit. A page asks several times, one question after the other, and
each is on its way for the whole distance: it is what feels that a database is far."""


@dataclass(frozen=True, slots=True)
class _Found:
    loads: Mapping[int, Load]  # by connections
    page: float  # ms
    commit: float  # ms, alone


def run(stage: Stage) -> Chapter:
    seconds = 2 if stage.quick else 6
    steps = LATER[::3] if stage.quick else LATER
    found: dict[str, dict[float, _Found]] = {DISTANCE: {}}
    for later in steps:
        with stage.house(f"distance_{later:.0f}") as house, _farther(house, later):
            found[DISTANCE][later] = _measured(house, seconds)
    if shutil.which("cc"):
        found[FLUSH] = {}
        for later in steps:
            with ExitStack() as stack:
                with slow_flushes(stage.home, later):
                    slow = stack.enter_context(set_up(stage.quick))
                house = stack.enter_context(slow.house("flush"))
                found[FLUSH][later] = _measured(house, seconds)
    most = steps[-1]
    figures = [
        plain(f"{most:.0f} ms: {what}: {name}", [value(one[most])], unit)
        for what, one in found.items()
        for name, value, unit in (
            ("forms acknowledged, 200 connections", lambda now: _rate(now.loads[200]), "forms/s"),
            ("answer to a form, 200 connections, p50", lambda now: now.loads[200].p50, "ms"),
            ("a page", lambda now: now.page, "ms"),
            ("one commit alone", lambda now: now.commit, "ms"),
        )
    ]

    def lines(take: str, width: int = 200) -> dict[str, Series]:
        def value(one: _Found) -> float:
            load = one.loads[width]
            return {"rate": _rate(load), "p50": load.p50, "page": one.page}[take]

        return {what: [(later, value(one)) for later, one in its.items()] for what, its in found.items()}

    along = "milliseconds longer"
    rates = {
        f"{what}, {width} connections": line
        for width in WIDTHS
        for what, line in lines("rate", width).items()
    }
    plots = (
        Plot("waits-forms", "Forms acknowledged, as fast as it goes", "forms/s", along, rates),
        Plot("waits-answers", "Answer to a form, 200 connections, p50", "ms", along, lines("p50")),
        Plot("waits-pages", "A player's page", "ms", along, lines("page")),
    )
    how = HOW.format(people=PEOPLE, seconds=seconds, looks=LOOKS)
    return Chapter("Slower disks, farther databases", tuple(figures), how, plots)


def _rate(load: Load) -> float:
    return len(load.receipts) / load.seconds


def _measured(house: House, seconds: int) -> _Found:
    server = house.serve(processes=PROCESSES)
    session = house.open(STUDY % (FIELD % "f0"), {"any": PEOPLE})
    plan = Plan(server.base, asyncio.run(bring_in(server.base, session)), ["f0"], house.folder)
    post_records(plan, 50, 1, 0)  # warms up
    loads = {}
    for lap, width in enumerate(WIDTHS, 1):
        loads[width] = post_records(plan, width, seconds, lap)
        check(house, loads[width], width)
    guest = Guest(server.base, next(iter(session.tokens.values())))
    page, commit = asyncio.run(_page(guest)), commit_alone(house)
    server.stop()
    return _Found(loads, page, commit)


async def _page(guest: Guest) -> float:
    loop = asyncio.get_running_loop()
    await guest.sign_in()
    taken = []
    for _ in range(LOOKS):
        started = loop.time()
        reply = await guest.browser.get("/play")
        taken.append(1000 * (loop.time() - started))
        if reply.status != 200:
            raise WrongAnswer(f"a page was answered with {reply.status}")
    guest.browser.close()
    return percentile(taken, 0.5)


@contextmanager
def _farther(house: House, milliseconds: float) -> Iterator[None]:
    """The house's database by a longer way, for its servers and for whoever looks into it."""
    where = conninfo_to_dict(house.database)
    socket = f".s.PGSQL.{where.get('port') or 5432}"
    near = house.folder / "far"
    near.mkdir()
    command = [sys.executable, "-m", "tests.bench.relay", str(milliseconds)]
    ends = [str(Path(str(where["host"])) / socket), str(near / socket)]
    environ = os.environ | {"PYTHONPATH": str(PROJECT)}
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with subprocess.Popen([*command, *ends], env=environ, **pipes) as relay:  # type: ignore[call-overload]
        assert relay.stdout.readline()
        house.database = make_conninfo(house.database, host=str(near))
        try:
            yield
        finally:
            house.leave()
            relay.stdin.close()
