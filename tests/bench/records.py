"""Record forms that are acknowledged in a second, while somebody watches the dashboard."""

from __future__ import annotations

import asyncio
import hashlib
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise

from app.rehearsal.programs import cpu, family_cpu
from app.web.auth import ADMIN_COOKIE
from tests.bench import pgbench
from tests.bench.client import LivePage, connect, get
from tests.bench.crowd import bring_in
from tests.bench.figure import Chapter, Figure, WrongAnswer, at_least, plain, under
from tests.bench.load import Load, Plan, post_records, wrk
from tests.bench.stage import PROCESSES, Stage
from tests.house.house import House, Opened
from tests.house.server import Server

PEOPLE = 700
AIMS = {50: 5000, 200: 10_000}  # connections → forms of one field a second
STUDY = """
title = "Records"
[[room]]
name = "four"
seats = {any = 4}
[[step]]
page = "talk"
limit = "1h"
ends = "deadline"
fields = [%s]
"""
FIELD = '{name = "%s", ask = "How many?", kind = "integer", min = 0, max = 999999999}'
HOW = """The load generator ({tool}) posts the form of one step as fast as the server answers, for {people} players in
rooms of four, each with the cookie and the form key of their own page and with what a browser sends against
cross-site posts. Each form has a value that was never sent before, so each answer stands for a new version of
a record: nothing is answered from what was stored earlier. Every answer must be 200 with a `Receipt`, and
every receipt is computed again from the rows of the table afterwards; a single one that differs ends the
benchmark. Meanwhile a dashboard is open, whose ticks are clocked. The two lines of pgbench are one row a
commit, by {clients} clients, into a copy of the record table with its indexes but without its trigger, with
and without a notification in each commit; they run on the same Postgres right before and after."""


def run(stage: Stage) -> Chapter:
    seconds = 3 if stage.quick else 10
    loads: dict[tuple[int, int], list[Load]] = {}  # (fields, connections) → one a run
    gaps: list[float] = []
    costs: dict[str, list[float]] = {"server": [], "Postgres": []}  # microseconds of a form
    alone: dict[str, list[float]] = {"plain": [], "notify": []}
    with stage.house("records") as house:
        for shape, rates in alone.items():
            rates.append(pgbench.rate(stage, house, shape, seconds))
        server = house.serve(processes=PROCESSES)
        lap = 0
        for fields, widths in ((1, (50, 200)), (5, (200,))):
            names = [f"f{number}" for number in range(fields)]
            session = house.open(STUDY % ", ".join(FIELD % name for name in names), {"any": PEOPLE})
            crowd = asyncio.run(bring_in(server.base, session))
            plan = Plan(server.base, crowd, names, house.folder)
            with dashboard(house, server, session) as ticks:
                post_records(plan, widths[0], 2, lap)  # warms up what every process needs once
                for width in widths:
                    for _ in range(stage.runs):
                        lap += 1
                        started, before = time.perf_counter(), spent(stage, house)
                        load = post_records(plan, width, seconds, lap)
                        if (fields, width) == (1, 200):
                            for who, used in spent(stage, house).items():
                                costs[who].append(1e6 * (used - before[who]) / len(load.receipts))
                        gaps.append(longest_gap(ticks, started, time.perf_counter()))
                        check(house, load, width * fields)
                        loads.setdefault((fields, width), []).append(load)
            contradictions = house.contradictions(session)
            if contradictions:
                raise WrongAnswer(f"the database contradicts itself: {contradictions[:3]}")
        server.stop()
        for shape, rates in alone.items():
            rates.append(pgbench.rate(stage, house, shape, seconds))
    how = HOW.format(
        tool="wrk" if wrk() else "our own Python client, which takes much of the processors itself",
        people=PEOPLE,
        clients=pgbench.CLIENTS,
    )
    return Chapter("Records", tuple(_figures(loads, gaps, alone, costs)), how)


def _figures(
    loads: dict[tuple[int, int], list[Load]],
    gaps: Sequence[float],
    alone: dict[str, list[float]],
    costs: dict[str, list[float]],
) -> Iterator[Figure]:
    for (fields, width), found in loads.items():
        rates = [len(load.receipts) / load.seconds for load in found]
        name = f"forms of {fields} field{'s' * (fields > 1)}, {width} connections"
        if fields == 1:
            yield at_least(f"{name}: acknowledged", rates, "forms/s", AIMS[width])
        else:
            yield plain(f"{name}: acknowledged", rates, "forms/s")
            yield plain(f"{name}: acknowledged", [fields * rate for rate in rates], "records/s")
        yield plain(f"{name}: answer, p50", [load.p50 for load in found], "ms")
        p99 = [load.p99 for load in found]
        if (fields, width) == (1, 200):
            yield under(f"{name}: answer, p99", p99, "ms", 45)
            beside = [100 * rate / statistics.mean(alone["plain"]) for rate in rates]
            yield at_least(f"{name}: forms, of the rows of pgbench", beside, "%", 50)
            for who, used in costs.items():
                yield plain(f"{name}: processor time of {who}, a form", used, "µs")
        else:
            yield plain(f"{name}: answer, p99", p99, "ms")
    yield under("longest gap between two ticks of the dashboard meanwhile", gaps, "s", 1.2)
    yield plain("pgbench: one row a commit", alone["plain"], "rows/s")
    yield plain("pgbench: one row and one notification a commit", alone["notify"], "rows/s")


def spent(stage: Stage, house: House) -> dict[str, float]:
    """Seconds of the processors so far."""
    assert stage.postgres.pid is not None
    return {"server": sum(map(cpu, house.workers())), "Postgres": family_cpu(stage.postgres.pid)}


def check(house: House, load: Load, in_flight: int) -> None:
    """Each receipt says what is in the table, and nothing was acknowledged twice."""
    query = "select id, field, value from record where value between %s and %s"
    stored = {
        number: f"{number}\t{field}\t{value}\n"
        for number, field, value in house.sql(query, str(load.first), str(load.last))
    }
    seen: set[int] = set()
    for receipt in load.receipts:
        numbers, _, digest = receipt.partition(":")
        ids = [int(number) for number in numbers.split(",")]
        text = "".join(stored.get(number, "") for number in ids)
        if hashlib.sha256(text.encode()).hexdigest() != digest or not seen.isdisjoint(ids):
            raise WrongAnswer(f"the receipt {receipt} is not what is in the table, or was given twice")
        seen.update(ids)
    # When the time is up the load generator hangs up on forms that are on their way.
    if not len(seen) <= len(stored) <= len(seen) + in_flight:
        raise WrongAnswer(f"{len(stored)} records are stored, {len(seen)} were acknowledged")


@contextmanager
def dashboard(house: House, server: Server, session: Opened) -> Iterator[list[float]]:
    """When each tick of an open dashboard came, from a thread of its own."""
    cookie = f"{ADMIN_COOKIE}={house.researcher(server).cookies[ADMIN_COOKIE]}"
    request = get(server.base, f"/admin/sessions/{session.id}/live", cookie, "text/event-stream")
    ticks: list[float] = []
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def watch() -> LivePage:
        page = await connect(server.base, lambda: LivePage(request, lambda _, now: ticks.append(now)))
        await page.opened
        return page

    try:
        page = asyncio.run_coroutine_threadsafe(watch(), loop).result(10)
        yield ticks
        if page.ended:
            raise WrongAnswer("the dashboard's stream ended")
        loop.call_soon_threadsafe(page.close)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def longest_gap(ticks: Sequence[float], started: float, ended: float) -> float:
    inside = [tick for tick in ticks if started <= tick <= ended]
    marks = [started, *inside, ended] if len(inside) < 2 else inside
    return max(later - earlier for earlier, later in pairwise(marks))
