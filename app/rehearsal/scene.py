"""Where a drill takes place: hosts of the server, what is in front of them, and the Postgres that they share."""

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

import psycopg
from psycopg.conninfo import make_conninfo

from app.config import NOWHERE, PACKAGE
from app.database.clusters import as_address
from app.database.embedded import Postgres
from app.database.running import kept_running, migrate_at
from app.rehearsal.browser import Browser, WireError
from app.rehearsal.cast import RehearsalError
from app.rehearsal.hosts import NETWORK, bridge, host, possible_here
from app.rehearsal.own_world import leave_the_network, small_disk
from app.rehearsal.patroni import PatroniCluster
from app.rehearsal.server_hosts import ServerHost, haproxy_here, in_front
from app.rehearsal.standby import StandbyPostgres, kill_machine
from app.web.processes import free_port

SETTINGS = {"max_wal_size": "256MB", "min_wal_size": "80MB"}  # for a small disk
OF_OTHERS = {
    "DATABASE_URL",
    "NETWORKLAB_LISTENER_URL",
    "DATABASE_URLS",
    "NETWORKLAB_LISTENER_URLS",
}  # databases, not these servers'
READY = 90.0  # seconds after a fault in which the server must be ready again


@dataclass(slots=True)
class Scene:
    """A server and a Postgres of the drill's own."""

    postgres: Postgres | None  # None: Patroni looks after two
    hosts: list[ServerHost]
    base: str
    url: str
    home: Path
    chance: random.Random
    standby: StandbyPostgres | None = None  # follows `postgres`, until it takes its place
    own_network: bool = False  # packets may be lost here without anybody else noticing
    small_disk: bool = False  # … and the disk be full
    cluster: PatroniCluster | None = None
    turns: list[ServerHost] = field(default_factory=list)  # in which something befalls them
    beside: str = (
        ""  # the address of another database of the same server, that nothing befalls; "": there is none
    )
    moments: list[float] = field(default_factory=list)  # at which it did

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

    def cut(self, purpose: str) -> None:
        """End the server's connections for this purpose, from the database's side."""
        with psycopg.connect(self.url, autocommit=True) as conn:
            conn.execute(
                b"select pg_terminate_backend(pid) from pg_stat_activity"
                b" where application_name like 'networklab ' || %s and pid <> pg_backend_pid()",
                [purpose],
            )


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


class _Reachable(Postgres):
    """By the machines of the drill's network, too."""

    def _initialise(self) -> None:
        super()._initialise()
        with (self.data / "pg_hba.conf").open("a") as lines:
            lines.write(f"host all all {NETWORK}.0/24 trust\n")


@contextmanager
def set_scene(
    seed: int, hosts: int, processes: int, patroni: bool, standby: bool, two_databases: bool = False
) -> Iterator[Scene]:
    """Until it is over. Raises RehearsalError, EmbeddedError."""
    if hosts > 1 and not haproxy_here():
        raise RehearsalError(
            "There is no haproxy here, which stands before several hosts: it is Debian’s and Ubuntu’s package haproxy."
        )
    own_network = leave_the_network()
    with tempfile.TemporaryDirectory(prefix="networklab-drill-") as folder, ExitStack() as stack:
        home = Path(folder) / "disk"
        home.mkdir()
        for part in (home.parent, home):
            part.chmod(0o755)  # Postgres may run as another user
        small = stack.enter_context(small_disk(home))
        machines = own_network and possible_here() and (patroni or hosts > 1)
        here = stack.enter_context(bridge()) if machines else None
        postgres = cluster = second = None
        if patroni:
            cluster = stack.enter_context(PatroniCluster(home, here))
            url = cluster.url
        else:
            postgres, url = _postgres(home, here, stack)
            if standby:
                second = stack.enter_context(_standby(home, postgres))
                url = second.both
        asyncio.run(migrate_at(url))
        port = free_port()
        beside = _beside(home, stack) if two_databases else ""
        named = {"DATABASE_URL": url}
        if beside:
            named = {"DATABASE_URLS": f"main={as_address(url)} east={as_address(beside)}"}
        there = _hosts(home, hosts, here if hosts > 1 else None, port, processes, named, stack)
        base = f"http://127.0.0.1:{port}"
        scene = Scene(
            postgres=postgres,
            hosts=there,
            base=base,
            url=url,
            home=home,
            chance=random.Random(seed),
            standby=second,
            beside=beside,
            own_network=own_network,
            small_disk=small,
            cluster=cluster,
        )
        scene.turns = scene.chance.sample(there, len(there))
        if postgres:
            stack.enter_context(kept_running(lambda: scene.postgres))
        if hosts > 1:
            stack.enter_context(in_front(home, port, [f"{one.address}:{one.port}" for one in there]))
        if not asyncio.run(scene.ready()):
            raise RehearsalError(f"The server did not start: {_last_line(there[0].log)}")
        yield scene


def _postgres(home: Path, here: str | None, stack: ExitStack) -> tuple[Postgres, str]:
    if here is None:
        one = stack.enter_context(Postgres(home, SETTINGS))
        return one, one.dsn
    one = stack.enter_context(_Reachable(home, SETTINGS | {"listen_addresses": here}))
    return one, make_conninfo(one.dsn, host=here)


def _beside(home: Path, stack: ExitStack) -> str:
    """On a disk of its own, as its machine would have one."""
    folder = home.parent / "beside"
    folder.mkdir()
    folder.chmod(0o755)
    one = stack.enter_context(Postgres(folder, SETTINGS))
    asyncio.run(migrate_at(one.dsn, "east", ["main", "east"]))
    return one.dsn


def _hosts(
    home: Path,
    count: int,
    here: str | None,
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
        if here:
            address, own = f"{NETWORK}.{21 + nth}", 8000
            within = stack.enter_context(host(name, address))
        elif count > 1:
            own = free_port()
        found.append(ServerHost(name, address, own, command, environ, home / f"{name}.log", within))
        stack.callback(found[-1].end)
        found[-1].begin()
    return found


@contextmanager
def _standby(home: Path, primary: Postgres) -> Iterator[StandbyPostgres]:
    """A synchronous one, beside its primary."""
    folder = home / "standby"
    folder.mkdir()
    folder.chmod(0o755)
    standby = StandbyPostgres(folder, primary)
    with standby:
        standby.keep_in_step()
        try:
            yield standby
        finally:
            # Whoever is left: a primary that waits for its standby would not end.
            for one in (standby, primary):
                kill_machine(one)


def _last_line(file: Path) -> str:
    return file.read_text(errors="replace").strip().rpartition("\n")[2] or "it said nothing"
