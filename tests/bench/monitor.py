"""The dashboard while the record forms take all that the server has: how regularly it ticks, and what it costs."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from app.config import PROJECT
from app.rehearsal.programs import cpu
from app.web.auth import ADMIN_COOKIE
from tests.bench.client import LivePage, connect, get
from tests.bench.crowd import bring_in
from tests.bench.figure import Chapter, WrongAnswer, plain, under
from tests.bench.load import Plan, post_records
from tests.bench.records import FIELD, PEOPLE, STUDY, check, longest_gap
from tests.bench.stage import PROCESSES, Stage
from tests.house.house import House, Opened
from tests.house.server import Server

CONNECTIONS = 200
TRIES = 64  # a new connection is taken by whichever process is faster
HOW = """The load of the chapter on records ({people} players, {connections} connections, forms of one field, as fast
as the server answers, every receipt held against the table) goes on for {seconds} seconds, while a dashboard of the
session is open on each of the {processes} server processes: by the socket's number in /proc it is known which process
has taken a connection. A gap lies between two ticks as they come to the client. The share is the processor time of
the dashboards' task over all the time that {cores} processors had: in the server processes, its steps from one `await`
to the next, each clocked by the thread's own processor time, from the first query of a tick to its rendered page
(without writing it to the sockets); in Postgres, all that the backends of its connections (`networklab statistics`)
took, by /proc. It includes what the task does once a second for the process itself: figures, presence, curves."""
BACKENDS = "select pid from pg_stat_activity where application_name = 'networklab statistics' order by pid"


def run(stage: Stage) -> Chapter:
    seconds = 5 if stage.quick else 60
    cores = os.cpu_count() or 1
    gaps: list[float] = []
    in_server: list[float] = []
    in_postgres: list[float] = []
    milliseconds: list[float] = []
    rates: list[float] = []
    with stage.house("monitor") as house:
        folder = house.folder / "ticks"
        server = house.serve(PROCESSES, None, **clocking(folder))
        session = house.open(STUDY % FIELD % "f0", {"any": PEOPLE})
        crowd = asyncio.run(bring_in(server.base, session))
        plan = Plan(server.base, crowd, ["f0"], house.folder)
        with dashboards(house, server, session) as ticks:
            post_records(plan, CONNECTIONS, 2, 0)  # warms up what every process needs once
            for lap in range(1, stage.runs + 1):
                backends = [pid for (pid,) in house.sql(BACKENDS)]
                took, count = ticks_so_far(folder, house)
                started, used = time.perf_counter(), sum(map(cpu, backends))
                load = post_records(plan, CONNECTIONS, seconds, lap)
                ended, used = time.perf_counter(), sum(map(cpu, backends)) - used
                took_since, count_since = ticks_so_far(folder, house)
                if [pid for (pid,) in house.sql(BACKENDS)] != backends or len(backends) != PROCESSES:
                    raise WrongAnswer("the dashboards' connections were replaced meanwhile")
                if not count_since > count:
                    raise WrongAnswer("no tick was clocked")
                had = cores * (ended - started)
                in_server.append(100 * (took_since - took) / had)
                in_postgres.append(100 * used / had)
                milliseconds.append(1000 * (took_since - took) / (count_since - count))
                gaps.append(max(longest_gap(found, started, ended) for found in ticks.values()))
                rates.append(len(load.receipts) / load.seconds)
                check(house, load, CONNECTIONS)
        server.stop()
    shares = [one + other for one, other in zip(in_server, in_postgres, strict=True)]
    what = f"in {seconds} s of full load"
    figures = (
        under(f"longest gap between two ticks of either dashboard {what}", gaps, "s", 1.5),
        under(f"the dashboards' share of all processor time {what}", shares, "%", 3),
        plain("of it in the server processes", in_server, "%"),
        plain("of it in Postgres", in_postgres, "%"),
        plain("a tick in a server process", milliseconds, "ms"),
        plain("forms acknowledged meanwhile", rates, "forms/s"),
    )
    how = HOW.format(
        people=PEOPLE, connections=CONNECTIONS, seconds=seconds, processes=PROCESSES, cores=cores
    )
    return Chapter("The dashboard under full load", figures, how)


def clocking(folder: Path) -> dict[str, str]:
    """Settings of a server that says in this new folder what its ticks take."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text("import tests.bench.clocked\n")
    return {"PYTHONPATH": f"{folder}{os.pathsep}{PROJECT}", "NETWORKLAB_BENCH_TICKS": str(folder)}


def ticks_so_far(folder: Path, house: House) -> tuple[float, int]:
    """Seconds of processor time that all processes' ticks have taken so far, and how many there were."""
    found = [(folder / str(pid)).read_text().split() for pid in house.workers()]
    return sum(float(seconds) for seconds, _ in found), sum(int(count) for _, count in found)


@contextmanager
def dashboards(house: House, server: Server, session: Opened) -> Iterator[dict[int, list[float]]]:
    """An open dashboard on each server process: its number → when each tick came. In a thread of their own."""
    cookie = f"{ADMIN_COOKIE}={house.researcher(server).cookies[ADMIN_COOKIE]}"
    request = get(server.base, f"/admin/sessions/{session.id}/live", cookie, "text/event-stream")
    ticks: dict[int, list[float]] = {}
    workers = house.workers()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def open_one() -> tuple[LivePage, list[float]]:
        found: list[float] = []
        page = await connect(server.base, lambda: LivePage(request, lambda _, now: found.append(now)))
        await page.opened
        return page, found

    with ExitStack() as stack:
        stack.callback(loop.close)
        stack.callback(thread.join)
        stack.callback(lambda: loop.call_soon_threadsafe(loop.stop))
        pages = []
        for _ in range(TRIES):
            page, found = asyncio.run_coroutine_threadsafe(open_one(), loop).result(10)
            port = page.transport.get_extra_info("sockname")[1]
            taken_by = next(pid for pid in workers if _socket(server.port, port) in _sockets(pid))
            if taken_by in ticks:
                loop.call_soon_threadsafe(page.close)
                continue
            ticks[taken_by] = found
            pages.append(page)
            if len(ticks) == len(workers):
                break
        else:
            raise WrongAnswer(f"{TRIES} connections went to {len(ticks)} of {len(workers)} processes")
        yield ticks
        if any(page.ended for page in pages):
            raise WrongAnswer("a dashboard's stream ended")
        for page in pages:
            loop.call_soon_threadsafe(page.close)


def _socket(port: int, client: int) -> str:
    """The number of the server's socket to this port of a client."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, *rest = line.split()
        if local.endswith(f":{port:04X}") and remote.endswith(f":{client:04X}"):
            return rest[6]
    return ""


def _sockets(pid: int) -> set[str]:
    found = set()
    for file in Path(f"/proc/{pid}/fd").iterdir():
        target = os.readlink(file)
        if target.startswith("socket:["):
            found.add(target[8:-1])
    return found
