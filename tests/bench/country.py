"""A server of several hosts and databases on one machine, as docs/scale.md has it, and what each of its parts takes."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from app.config import NOWHERE, PROJECT
from app.database.clusters import as_address
from app.database.running import migrate_at
from app.rehearsal.hosts import NETWORK, bridge, host, possible_here
from app.rehearsal.own_world import leave_the_network
from app.rehearsal.programs import programs
from app.rehearsal.scene import says_ready
from app.rehearsal.server_hosts import ServerHost, haproxy_here, in_front
from app.rehearsal.verdict import Promise, Verdict
from app.web.processes import free_port
from tests.bench.figure import Figure, WrongAnswer, at_least

NEEDS = (
    "Not measured: several hosts of the server need HAProxy in front of them, which is the package haproxy."
)
HOSTS = 2
OURS = ("DATABASE_URL", "NETWORKLAB_LISTENER_URL")  # settings of another server's databases
READY = 120.0  # seconds in which a country is to be there
BEAT = 2.0  # seconds between two looks at what its parts take
MEMORY = 5  # of these is one at memory, too
BUSY = 60.0  # seconds of which the busiest are told

possible = haproxy_here


@dataclass(slots=True)
class Country:
    """`doors`: addresses, each of a HAProxy of its own that leads to all hosts."""

    databases: Mapping[str, str]  # name → where to connect to; accounts live in the first
    doors: list[str]
    hosts: list[ServerHost]
    proxies: list[int]
    are_machines: bool  # hosts have networks of their own

    def workers(self) -> list[int]:
        return [pid for host in self.hosts for pid in host.workers()]

    def log(self) -> str:
        return "\n".join(host.log.read_text(errors="replace")[-2000:] for host in self.hosts)


@contextmanager
def own_network() -> Iterator[str | None]:
    """From here on this process is in one; our address at the bridge to which machines may be tied, where they may."""
    if leave_the_network() and possible_here():
        with bridge():
            yield f"{NETWORK}.1"
    else:
        yield None


@contextmanager
def founded(home: Path, here: str | None, databases: Mapping[str, str], doors: int = 1) -> Iterator[Country]:
    """Running, for as long as it is needed. `databases` are there, and empty."""
    for url in databases.values():
        asyncio.run(migrate_at(url))
    named = " ".join(f"{name}={as_address(url)}" for name, url in databases.items())
    with ExitStack() as stack:
        ports = [free_port() for _ in range(doors)]
        hosts = [_host(home, nth, here, ports[0], named, stack) for nth in range(HOSTS)]
        proxies = []
        for nth, port in enumerate(ports):
            (own := home / f"door{nth + 1}").mkdir()
            reached = [f"{one.address}:{one.port}" for one in hosts]
            proxies.append(stack.enter_context(in_front(own, port, reached)))
        found = Country(
            databases, [f"http://127.0.0.1:{port}" for port in ports], hosts, proxies, here is not None
        )
        asyncio.run(_ready(found))
        yield found


def _host(home: Path, nth: int, here: str | None, door: int, databases: str, stack: ExitStack) -> ServerHost:
    """Of one server process, begun; a machine of its own where there are such."""
    name, address, port, within = f"host{nth + 1}", "127.0.0.1", free_port(), list[str]()
    if here:
        address, port = f"{NETWORK}.{21 + nth}", 8000
        within = stack.enter_context(host(name, address))
    environ = {one: value for one, value in os.environ.items() if not one.startswith(OURS)}
    environ |= {"PYTHONPATH": str(PROJECT), "DATABASE_URLS": databases}
    environ |= {"NETWORKLAB_URL": f"http://127.0.0.1:{door}", "NETWORKLAB_PLAY_URL": NOWHERE}
    environ |= {"FORWARDED_ALLOW_IPS": here or "127.0.0.1"}  # HAProxy's
    command = [sys.executable, "-P", "-m", "app", "serve", "--processes", "1"]
    found = ServerHost(name, address, port, command, environ, home / f"{name}.log", within)
    stack.callback(found.end)
    found.begin()
    return found


async def _ready(country: Country) -> None:
    """At each host, and through each door."""
    try:
        async with asyncio.timeout(READY):
            for base in [*(host.base for host in country.hosts), *country.doors]:
                while not await says_ready(base):  # noqa: ASYNC110
                    await asyncio.sleep(0.2)  # nobody tells that a server answers
    except TimeoutError:
        raise WrongAnswer(f"the server did not start:\n{country.log()}") from None


def say(what: str) -> None:
    """To whoever watches: a benchmark of many minutes tells how far it is."""
    print(f"{datetime.now():%H:%M:%S} {what}", file=sys.stderr, flush=True)


@dataclass(slots=True)
class Meter:
    """What parts take, by the processes that they are and all that these have started; `rest`: we, and all else that
    we have started.
    """

    parts: Mapping[str, Sequence[int]]
    rest: str
    at: list[float] = field(default_factory=list)
    used: dict[str, list[float]] = field(default_factory=dict)  # seconds of a core, at those moments
    memory: dict[str, float] = field(default_factory=dict)  # megabytes of all of a part together, the most

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(BEAT)  # the beat of what is measured

    def look(self) -> None:
        there = {one.pid: one for one in programs() if not one.ended}
        below: dict[int, list[int]] = {}
        for one in there.values():
            below.setdefault(one.parent, []).append(one.pid)
        families = {part: _families(roots, below) & there.keys() for part, roots in self.parts.items()}
        others = set().union(*families.values())
        families[self.rest] = (_families([os.getpid()], below) & there.keys()) - others
        self.at.append(time.monotonic())
        for part, pids in families.items():
            taken = sum(there[pid].cpu + there[pid].children_cpu for pid in pids)
            self.used.setdefault(part, []).append(max([taken, *self.used.get(part, [])[-1:]]))
            if len(self.at) % MEMORY == 1:
                self.memory[part] = max(self.memory.get(part, 0.0), sum(map(own_memory, pids)))

    def cores(self, part: str, seconds: float | None = None) -> float:
        """That it took on average; of the busiest `seconds` of all parts together, where they are given."""
        first, last = self._busiest(seconds) if seconds else (0, len(self.at) - 1)
        return (self.used[part][last] - self.used[part][first]) / (self.at[last] - self.at[first])

    def lately(self, seconds: float) -> str:
        """What each part took in the last of them."""
        beats = min(int(seconds / BEAT), len(self.at) - 1)
        if beats < 1:
            return ""
        spent = self.at[-1] - self.at[-1 - beats]
        return ", ".join(
            f"{part} {(used[-1] - used[-1 - beats]) / spent:.2f}" for part, used in self.used.items()
        )

    def _busiest(self, seconds: float) -> tuple[int, int]:
        beats = min(max(int(seconds / BEAT), 1), len(self.at) - 1)
        together = [sum(column) for column in zip(*self.used.values(), strict=True)]
        first = max(range(len(self.at) - beats), key=lambda nth: together[nth + beats] - together[nth])
        return first, first + beats


def _families(roots: Sequence[int], below: Mapping[int, Sequence[int]]) -> set[int]:
    found, new = set[int](), list(roots)
    while new:
        found.add(one := new.pop())
        new += [pid for pid in below.get(one, ()) if pid not in found]
    return found


def held(verdicts: Sequence[Verdict], log: str = "") -> tuple[Figure, str]:
    """How many promises held in all sessions, and what was late where they did not. Raises WrongAnswer where anything
    else was wrong, or was not looked at.
    """
    lost = [
        str(one)
        for one in verdicts
        if one.failed
        or one.stops
        or one.empty
        or not all(promise.checked and (promise.ok or promise.late) for promise in one.promises)
    ]
    if lost or not verdicts:
        raise WrongAnswer("\n\n".join([*lost, *([log] if log else [])]) or "there was no session")
    late: dict[int, list[Promise]] = {}
    for one in verdicts:
        for promise in one.promises:
            if not promise.ok:
                late.setdefault(promise.number, []).append(promise)
    count = len(verdicts[0].promises)
    figure = at_least(
        "promises of a rehearsal that held in all sessions", [count - len(late)], "promises", count
    )
    wrongs = [_of_all(late[number], len(verdicts)) for number in sorted(late)]
    return figure, f" What did not hold: {'; '.join(wrongs)}." if wrongs else ""


def _of_all(broken: Sequence[Promise], sessions: int) -> str:
    """How often one promise was kept late, in how many sessions, and the worst of it."""
    worst = max(broken, key=lambda promise: promise.late)
    times = sum(len(promise.wrongs) for promise in broken)
    where = f"{len(broken)} of {sessions} sessions"
    return f"{worst.number}. {worst.sentence} It was late {times:,}× in {where}, at worst: {worst.wrongs[0]}"


def own_memory(pid: int) -> float:
    """Megabytes of a process: what it shares with others counts for each by its part. 0 for one that is not there."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1000
    return 0.0
