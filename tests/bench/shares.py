"""Where another process helps, and where it does not: each part is held to a share of a core."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from app.rehearsal.programs import descendants
from app.rehearsal.scene import says_ready
from app.rehearsal.server_hosts import haproxy_here, in_front
from app.web.processes import free_port
from tests.bench.crowd import bring_in
from tests.bench.figure import Chapter, Figure, plain
from tests.bench.growth import Disk, Meter
from tests.bench.load import Plan, post_records
from tests.bench.plot import Plot
from tests.bench.records import FIELD, STUDY, check
from tests.bench.stage import Stage, set_up
from tests.house.house import House
from tests.house.server import Server
from tests.house.waits import until

SERVERS = (1, 2, 3, 4)
CLUSTERS = (1, 2, 3)
EACH = 0.25  # of a core, that a server process may have
POSTGRES = (0.25, 0.5)  # of a core, that all of Postgres may have
WIDTH, PEOPLE = 200, 400
PERIOD = 20_000  # microseconds, within which a share is given
HOW = """Each server process is held to {each:.0%} of a core by a control group of its own, and all of
Postgres to another share, so that what stands for a machine each is small enough for several to fit on this
one. The load of the records' benchmark, forms of one field of {people} people on {width} connections, as fast
as they are answered, for {seconds} s at each number of processes; every receipt is computed again. One run
each.
How to read it: a process more adds what it may take, as long as Postgres has something left of its share.
From then on it takes away: the same forms come in more and smaller batches, each of which costs Postgres a
commit. With twice the share of Postgres the same curve goes on for about twice as many processes.
Hosts: each is a `networklab serve` of one process with {each:.0%} of a core, behind one HAProxy with the settings of
docs/scale.md, which takes what it needs, and Postgres has {most:.0%}{proxy}. Where a host adds as much as a process did
on one machine, HAProxy and the hosts' not knowing of each other cost nothing that one would see.
Databases: each is a Postgres with {each:.0%} of a core, and before each is a server process with as much; they
share the same {width} connections. What no further process adds another database does, since sessions that lie in
different ones have nothing in common."""
NOWHERE = (
    "Not measured: only root can hold programs to a share of a core (control groups), and not everywhere."
)


@dataclass(frozen=True, slots=True)
class _Run:
    count: int  # of server processes, or hosts
    rate: float  # forms a second
    postgres: float  # % of a core


def run(stage: Stage) -> Chapter:
    title = "Shares of a core"
    own = _own_group()
    if own is None:
        return Chapter(title, (), NOWHERE)
    seconds = 2 if stage.quick else 5
    servers = SERVERS[::3] if stage.quick else SERVERS
    found: dict[float, list[_Run]] = {}
    for share in POSTGRES:
        postmaster = stage.postgres.pid
        assert postmaster is not None
        with (
            stage.house(f"shares_{100 * share:.0f}") as house,
            _held(own, "postgres", [postmaster, *descendants(postmaster)], share),
        ):
            found[share] = _runs(stage, house, own, servers, seconds)
    hosts = _of_hosts(stage, own, servers, seconds) if haproxy_here() else []
    clusters = _of_clusters(stage, own, CLUSTERS[::2] if stage.quick else CLUSTERS, seconds)
    how = HOW.format(
        each=EACH,
        people=PEOPLE,
        width=WIDTH,
        seconds=seconds,
        most=POSTGRES[-1],
        proxy="" if hosts else " (not measured: HAProxy is not here)",
    )
    return Chapter(title, _figures(found, hosts, clusters), how, _plots(found, hosts, clusters))


def _figures(
    found: Mapping[float, Sequence[_Run]], hosts: Sequence[_Run], clusters: Sequence[tuple[float, float]]
) -> tuple[Figure, ...]:
    several = [
        (f"Postgres {share:.0%} of a core, server processes: {one.count}", one.rate)
        for share, runs in found.items()
        for one in (runs[0], max(runs, key=lambda run: run.rate), runs[-1])
    ]
    several += [
        (f"Postgres {POSTGRES[-1]:.0%} of a core, hosts behind HAProxy: {one.count}", one.rate)
        for one in hosts
    ]
    several += [(f"databases, a server process before each: {count:.0f}", rate) for count, rate in clusters]
    return tuple(plain(f"{what}, acknowledged", [rate], "forms/s") for what, rate in dict(several).items())


def _plots(
    found: Mapping[float, Sequence[_Run]], hosts: Sequence[_Run], clusters: Sequence[tuple[float, float]]
) -> tuple[Plot, ...]:
    along = f"server processes, {EACH:.0%} of a core each"
    held = {f"Postgres {share:.0%}": runs for share, runs in found.items()}
    rates = {name: [(one.count, one.rate) for one in runs] for name, runs in held.items()}
    used = {name: [(one.count, one.postgres) for one in runs] for name, runs in held.items()}
    forms = "Forms acknowledged"
    plots = [
        Plot("shares-forms", f"{forms}, each part held to its share", "forms/s", along, rates),
        Plot("shares-postgres", "What Postgres takes of it", "% of a core", along, used),
    ]
    if hosts:
        behind = {"behind one HAProxy": [(one.count, one.rate) for one in hosts]}
        title = f"{forms}, by hosts of {EACH:.0%} of a core each"
        plots.append(Plot("shares-hosts", title, "forms/s", "hosts", behind))
    title = f"{forms}, by databases of {EACH:.0%} of a core each"
    before = "databases, a server process before each"
    return (*plots, Plot("shares-clusters", title, "forms/s", before, {"forms": clusters}))


def _runs(stage: Stage, house: House, own: Path, servers: Sequence[int], seconds: int) -> list[_Run]:
    plan, runs = None, []
    for lap, processes in enumerate(servers):
        server = house.serve(processes=processes)
        if plan is None:
            session = house.open(STUDY % (FIELD % "f0"), {"any": PEOPLE})
            crowd = asyncio.run(bring_in(server.base, session))
        plan = Plan(server.base, crowd, ["f0"], house.folder)
        with ExitStack() as stack:
            for nth, pid in enumerate(house.workers()):
                stack.enter_context(_held(own, f"server-{nth}", [pid], EACH))
            post_records(plan, WIDTH, 1, 2 * lap)  # warms up
            meter = Meter(Disk("", stage, house), server, load=False)
            meter.start()
            load = post_records(plan, WIDTH, seconds, 2 * lap + 1)
            meter.stop()
            check(house, load, WIDTH)
        server.stop()
        runs.append(_Run(processes, len(load.receipts) / load.seconds, meter.used()["Postgres"]))
    return runs


def _of_hosts(stage: Stage, own: Path, numbers: Sequence[int], seconds: int) -> list[_Run]:
    """Each host is a server of its own; all requests go through one HAProxy."""
    postmaster = stage.postgres.pid
    assert postmaster is not None
    parts = [postmaster, *descendants(postmaster)]
    plan, runs = None, []
    with stage.house("hosts") as house, _held(own, "postgres-of-hosts", parts, POSTGRES[-1]):
        for lap, hosts in enumerate(numbers):
            with _behind_one_door(house, hosts) as (base, servers), ExitStack() as stack:
                if plan is None:
                    session = house.open(STUDY % (FIELD % "f0"), {"any": PEOPLE})
                    crowd = asyncio.run(bring_in(base, session))
                plan = Plan(base, crowd, ["f0"], house.folder)
                for nth, pid in enumerate(house.workers()):
                    stack.enter_context(_held(own, f"host-{nth}", [pid], EACH))
                post_records(plan, WIDTH, 1, 2 * lap)  # warms up
                meter = Meter(Disk("", stage, house), servers[0], load=False)
                meter.start()
                load = post_records(plan, WIDTH, seconds, 2 * lap + 1)
                meter.stop()
                check(house, load, WIDTH)
            runs.append(_Run(hosts, len(load.receipts) / load.seconds, meter.used()["Postgres"]))
    return runs


@contextmanager
def _behind_one_door(house: House, hosts: int) -> Iterator[tuple[str, list[Server]]]:
    """The address of a HAProxy, and the servers that it leads to."""
    door = free_port()
    base = f"http://127.0.0.1:{door}"
    (home := house.folder / f"door{hosts}").mkdir()
    servers = [house.serve(NETWORKLAB_URL=base, FORWARDED_ALLOW_IPS="127.0.0.1") for _ in range(hosts)]
    with in_front(home, door, [f"127.0.0.1:{one.port}" for one in servers]):
        asyncio.run(until(lambda: len(house.workers()) >= hosts, "a process of each host"))
        asyncio.run(until(lambda: says_ready(base), "a host behind HAProxy"))
        yield base, servers
    for server in servers:
        server.stop()


def _of_clusters(stage: Stage, own: Path, numbers: Sequence[int], seconds: int) -> list[tuple[float, float]]:
    """How many databases → forms a second in all of them. Those that are not asked for have nothing to do."""
    houses, plans = list[House](), list[Plan]()
    found: list[tuple[float, float]] = []
    with ExitStack() as stack:
        for nth in range(max(numbers)):
            apart = stack.enter_context(set_up(stage.quick))
            house = stack.enter_context(apart.house("cluster"))
            server = house.serve(processes=1)
            session = house.open(STUDY % (FIELD % "f0"), {"any": PEOPLE})
            plans.append(Plan(server.base, asyncio.run(bring_in(server.base, session)), ["f0"], house.folder))
            houses.append(house)
            postmaster = apart.postgres.pid
            assert postmaster is not None
            parts = {"postgres": [postmaster, *descendants(postmaster)], "server": house.workers()}
            for part, pids in parts.items():
                stack.enter_context(_held(own, f"{part}-of-{nth}", pids, EACH))
        for lap, count in enumerate(numbers):
            with ThreadPoolExecutor(count) as together:
                for last, turn in ((1, 2 * lap), (seconds, 2 * lap + 1)):  # the first warms up
                    asked = [
                        together.submit(post_records, plan, WIDTH // count, last, turn)
                        for plan in plans[:count]
                    ]
                    loads = [one.result() for one in asked]
            for house, load in zip(houses, loads, strict=False):
                check(house, load, WIDTH // count)
            found.append((float(count), sum(len(load.receipts) / load.seconds for load in loads)))
    return found


@contextmanager
def _held(own: Path, name: str, pids: Sequence[int], share: float) -> Iterator[None]:
    """These programs, and what they start, have so much of a core together."""
    group = own / f"networklab-{name}-{os.getpid()}"
    group.mkdir()
    quota = f"{share * PERIOD:.0f}"
    if (group / "cpu.max").exists():
        (group / "cpu.max").write_text(f"{quota} {PERIOD}")
    else:
        (group / "cpu.cfs_period_us").write_text(str(PERIOD))
        (group / "cpu.cfs_quota_us").write_text(quota)
    try:
        _put(group, pids)
        yield
    finally:
        _put(own, [int(pid) for pid in (group / "cgroup.procs").read_text().split()])
        with suppress(OSError):  # somebody is about to end in it
            group.rmdir()


def _put(group: Path, pids: Sequence[int]) -> None:
    for pid in pids:
        with suppress(OSError):  # it has ended
            (group / "cgroup.procs").write_text(str(pid))


def _own_group() -> Path | None:
    """The control group that we are in, where others can be made in it."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for folder in (Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup")):
            group = folder / path.lstrip("/")
            if controllers not in ("", "cpu") and "cpu" not in controllers.split(","):
                continue
            trial = group / f"networklab-trial-{os.getpid()}"
            try:
                trial.mkdir()
            except OSError:
                continue
            held = (trial / "cpu.max").exists() or (trial / "cpu.cfs_quota_us").exists()
            trial.rmdir()
            if held:
                return group
    return None
