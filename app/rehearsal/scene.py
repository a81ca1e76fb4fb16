"""Where a drill takes place: hosts of the server, what is in front of them, and the databases that they share."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from app.config import NOWHERE, PACKAGE
from app.database.clusters import as_address
from app.rehearsal.browser import Browser, WireError
from app.rehearsal.cast import RehearsalError
from app.rehearsal.drilled_database import NAMES, DrilledDatabase, drilled_database
from app.rehearsal.hosts import NETWORK, bridge, host, possible_here
from app.rehearsal.own_world import leave_the_network
from app.rehearsal.server_hosts import ServerHost, haproxy_here, in_front
from app.web.processes import free_port

OF_OTHERS = {
    "DATABASE_URL",
    "NETWORKLAB_LISTENER_URL",
    "DATABASE_URLS",
    "NETWORKLAB_LISTENER_URLS",
}  # databases, not these servers'
READY = 90.0  # seconds after a fault in which the server must be ready again


@dataclass(slots=True)
class Scene:
    """A server and databases of the drill's own."""

    databases: list[DrilledDatabase]
    hosts: list[ServerHost]
    base: str
    home: Path
    chance: random.Random
    own_network: bool = False  # packets may be lost here without anybody else noticing
    turns: list[ServerHost] = field(default_factory=list)  # in which something befalls them
    moments: list[float] = field(default_factory=list)  # at which it did

    def database(self, name: str) -> DrilledDatabase:
        [found] = [one for one in self.databases if one.name == name]
        return found

    def workers(self) -> list[int]:
        """The server processes, without the parents that keep them alive."""
        return sorted(pid for one in self.hosts for pid in one.workers())

    async def ready(self) -> bool:
        """Whether the server says so within `READY` seconds; three times, since several processes answer."""
        good = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(READY):
                while good < 3:
                    good = good + 1 if await says_ready(self.base) else 0
                    await asyncio.sleep(0.1)
        return good >= 3


async def says_ready(base: str) -> bool:
    browser = Browser(base)
    try:
        async with asyncio.timeout(5):
            said = await browser.get("/health/ready")
            return said.status == 200 and "not ready" not in said.text
    except (WireError, TimeoutError):
        return False
    finally:
        browser.close()


@contextmanager
def set_scene(
    seed: int, hosts: int, processes: int, patroni: bool, standby: bool, two_databases: bool = False
) -> Iterator[Scene]:
    """Until it is over; of two databases the first has the standby. Raises RehearsalError, EmbeddedError."""
    if hosts > 1 and not haproxy_here():
        raise RehearsalError(
            "There is no haproxy here, which stands before several hosts: it is Debian’s and Ubuntu’s package haproxy."
        )
    own_network = leave_the_network()
    with tempfile.TemporaryDirectory(prefix="networklab-drill-") as folder, ExitStack() as stack:
        home = Path(folder)
        home.chmod(0o755)
        machines = own_network and possible_here() and (patroni or hosts > 1)
        if machines:
            stack.enter_context(bridge())
        databases = [
            stack.enter_context(
                drilled_database(name, home / (name or "disk"), machines, patroni, standby and not nth)
            )
            for nth, name in enumerate(NAMES if two_databases else ("",))
        ]
        port = free_port()
        named = {"DATABASE_URL": databases[0].url}
        if two_databases:
            urls = (f"{one.name}={as_address(one.url)}" for one in databases)
            named = {"DATABASE_URLS": " ".join(urls)}
        there = _hosts(databases[0].home, hosts, machines, port, processes, named, stack)
        base = f"http://127.0.0.1:{port}"
        scene = Scene(databases, there, base, home, random.Random(seed), own_network)
        scene.turns = scene.chance.sample(there, len(there))
        if hosts > 1:
            stack.enter_context(in_front(home, port, [f"{one.address}:{one.port}" for one in there]))
        if not asyncio.run(scene.ready()):
            raise RehearsalError(f"The server did not start: {_last_line(there[0].log)}")
        yield scene


def _hosts(
    home: Path,
    count: int,
    machines: bool,
    port: int,
    processes: int,
    databases: Mapping[str, str],
    stack: ExitStack,
) -> list[ServerHost]:
    """Running. One alone answers at `port` itself; of several each is a machine of its own, where there are such."""
    command = [sys.executable, "-P", "-m", "app", "serve", "--processes", str(processes)]
    environ = {name: value for name, value in os.environ.items() if name not in OF_OTHERS}
    environ |= {"PYTHONPATH": str(PACKAGE.parent), **databases}
    if count > 1:
        environ |= {"NETWORKLAB_URL": f"http://127.0.0.1:{port}", "NETWORKLAB_PLAY_URL": NOWHERE}
    found = []
    for nth in range(count):
        name, address, own, within = f"host{nth + 1}", "127.0.0.1", port, list[str]()
        if machines and count > 1:
            address, own = f"{NETWORK}.{21 + nth}", 8000
            within = stack.enter_context(host(name, address))
        elif count > 1:
            own = free_port()
        found.append(ServerHost(name, address, own, command, environ, home / f"{name}.log", within))
        stack.callback(found[-1].end)
        found[-1].begin()
    return found


def _last_line(file: Path) -> str:
    return file.read_text(errors="replace").strip().rpartition("\n")[2] or "it said nothing"
