"""What a drill does to a server while people play: kill, freeze, cut, fill up, lose, replace."""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from app.database.embedded import Postgres
from app.rehearsal.browser import Browser, WireError
from app.rehearsal.patroni import PatroniCluster
from app.rehearsal.programs import programs
from app.rehearsal.standby import StandbyPostgres, kill_machine

CLONE_NEWNS, CLONE_NEWNET = 0x0002_0000, 0x4000_0000
MS_REC, MS_PRIVATE, MNT_DETACH = 0x4000, 0x4_0000, 2
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
DISK = 3 * 2**30  # bytes of the small disk that can be filled up
LOSS = 8  # of a hundred packets
READY = 90.0  # seconds after a fault in which the server must be ready again


@dataclass(slots=True)
class Scene:
    """A server and a Postgres of the drill's own."""

    postgres: Postgres | None  # None: Patroni looks after two
    serve: subprocess.Popen[bytes]
    base: str
    url: str
    home: Path
    chance: random.Random
    standby: StandbyPostgres | None = None  # follows `postgres`, until it takes its place
    own_network: bool = False  # packets may be lost here without anybody else noticing
    small_disk: bool = False  # … and the disk be full
    cluster: PatroniCluster | None = None

    def workers(self) -> list[int]:
        """The server processes, without the parent that keeps them alive."""
        return sorted(one.pid for one in programs() if one.parent == self.serve.pid and not one.ended)

    async def ready(self) -> bool:
        """Whether the server says so within `READY` seconds; three times, since several processes answer."""
        good = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(READY):
                while good < 3:
                    good = good + 1 if await self._says_ready() else 0
                    await asyncio.sleep(0.1)
        return good >= 3

    async def _says_ready(self) -> bool:
        browser = Browser(self.base)
        try:
            async with asyncio.timeout(5):
                return (await browser.get("/health/ready")).status == 200
        except (WireError, TimeoutError):
            return False
        finally:
            browser.close()

    def cut(self, purpose: str) -> None:
        """End the server's connections for this purpose, from the database's side."""
        with psycopg.connect(self.url, autocommit=True) as conn:
            conn.execute(
                b"select pg_terminate_backend(pid) from pg_stat_activity"
                b" where application_name like 'networklab ' || %s and pid <> pg_backend_pid()",
                [purpose],
            )


Fault = Callable[[Scene], Awaitable[None]]


async def kill_a_server_process(scene: Scene) -> None:
    """And with it a group commit, a hub, a listener and a conductor: each process has its own."""
    if workers := scene.workers():
        with suppress(ProcessLookupError):
            os.kill(scene.chance.choice(workers), signal.SIGKILL)


async def kill_all_server_processes(scene: Scene) -> None:
    for pid in scene.workers():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


async def freeze_a_server_process(scene: Scene) -> None:
    workers = scene.workers()
    if workers:
        await _freeze([scene.chance.choice(workers)], scene.chance.uniform(1.0, 5.0))


async def kill_postgres(scene: Scene) -> None:
    if scene.postgres and (pid := scene.postgres.pid) is not None:
        os.kill(pid, signal.SIGKILL)


async def end_postgres_at_once(scene: Scene) -> None:
    """What `pg_ctl stop -m immediate` does."""
    if scene.postgres and (pid := scene.postgres.pid) is not None:
        os.kill(pid, signal.SIGQUIT)


async def kill_a_backend(scene: Scene) -> None:
    """Postgres takes all connections down then, and recovers."""
    assert scene.postgres is not None
    own = scene.postgres.pid
    children = [pid for pid in scene.postgres.processes() if pid != own]
    if children:
        with suppress(ProcessLookupError):
            os.kill(scene.chance.choice(children), signal.SIGKILL)


async def freeze_postgres(scene: Scene) -> None:
    assert scene.postgres is not None
    await _freeze(scene.postgres.processes(), scene.chance.uniform(1.0, 6.0))


async def cut_the_listeners(scene: Scene) -> None:
    await asyncio.to_thread(scene.cut, "listener")


async def cut_the_pools(scene: Scene) -> None:
    await asyncio.to_thread(scene.cut, "pages")


async def cut_every_connection(scene: Scene) -> None:
    await asyncio.to_thread(scene.cut, "%")


async def lose_the_primary(scene: Scene) -> None:
    """As if its machine were gone for good. It does not come back: there is no standby after that."""
    primary, standby = scene.postgres, scene.standby
    if primary is not None and standby is not None:
        scene.postgres, scene.standby = standby, None  # what is kept running from here on
        await asyncio.to_thread(kill_machine, primary)
        await asyncio.to_thread(standby.promote)


async def fill_the_disk(scene: Scene) -> None:
    ballast = scene.home / "ballast"
    try:
        await asyncio.to_thread(_fill, ballast)
        # Its log has files in stock; now it needs new ones.
        await asyncio.to_thread(_switch_logs, scene.url)
        await asyncio.sleep(scene.chance.uniform(2.0, 5.0))
    finally:
        ballast.unlink(missing_ok=True)


def _fill(ballast: Path) -> None:
    with ballast.open("wb") as file, suppress(OSError):
        while free := shutil.disk_usage(ballast.parent).free:
            os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), free)


def _switch_logs(url: str) -> None:
    with suppress(psycopg.Error), psycopg.connect(url, autocommit=True) as conn:
        for _ in range(30):
            conn.execute(b"select pg_logical_emit_message(false, 'drill', 'x'), pg_switch_wal()")


async def lose_packets(scene: Scene) -> None:
    """Between players and server, both ways."""
    rules = (
        "add table ip drill; add chain ip drill lossy { type filter hook output priority 0; };"
        f" add rule ip drill lossy numgen random mod 100 < {LOSS} drop"
    )
    await asyncio.to_thread(_nft, rules)
    try:
        await asyncio.sleep(scene.chance.uniform(2.0, 6.0))
    finally:
        await asyncio.to_thread(_nft, "delete table ip drill")


def _nft(rules: str) -> None:
    subprocess.run(["nft", rules], check=True, capture_output=True)


async def deploy(scene: Scene) -> None:
    """A migration under the running server, then its processes are replaced one after the other."""
    await asyncio.to_thread(_migrate, scene)
    before = scene.workers()
    os.kill(scene.serve.pid, signal.SIGHUP)
    await asyncio.to_thread(_until_gone, scene, set(before))


def _until_gone(scene: Scene, pids: set[int]) -> None:
    deadline = time.monotonic() + READY
    while pids & set(scene.workers()) and time.monotonic() < deadline:
        time.sleep(0.1)


def _migrate(scene: Scene) -> None:
    """Changes of the kind that a new version makes to the busiest tables; a lock that isn't free is tried again."""
    number = scene.chance.randrange(10**9)
    for statement in (
        f"alter table record add column drill_{number} integer",
        f"alter table player add column drill_{number} text not null default ''",
        f"alter table record drop column drill_{number}",
        f"alter table player drop column drill_{number}",
    ):
        for _ in range(20):
            try:
                with psycopg.connect(scene.url, autocommit=True) as conn:
                    conn.execute(b"set lock_timeout = '2s'")
                    conn.execute(statement.encode())
                break
            except psycopg.errors.LockNotAvailable:
                continue


FAULTS: dict[str, Fault] = {
    "a server process was killed": kill_a_server_process,
    "all server processes were killed": kill_all_server_processes,
    "a server process froze": freeze_a_server_process,
    "Postgres was killed": kill_postgres,
    "Postgres ended at once": end_postgres_at_once,
    "a backend of Postgres was killed": kill_a_backend,
    "Postgres froze": freeze_postgres,
    "the listeners were cut": cut_the_listeners,
    "the pools were cut": cut_the_pools,
    "every connection was cut": cut_every_connection,
    "the disk was full": fill_the_disk,
    "packets were lost": lose_packets,
    "a new version was deployed": deploy,
}
FAILOVER = "the primary was lost and its standby took over"


OF_ONE_POSTGRES = (kill_postgres, end_postgres_at_once, kill_a_backend, freeze_postgres, fill_the_disk)
OF_TWO_MACHINES = [name for name, fault in FAULTS.items() if fault not in OF_ONE_POSTGRES]


def possible(scene: Scene) -> Iterator[str]:
    """Of `FAULTS`."""
    for name, fault in FAULTS.items():
        if scene.postgres is None and name not in OF_TWO_MACHINES:
            continue
        if fault is lose_packets and not scene.own_network:
            continue
        if fault is fill_the_disk and not scene.small_disk:
            continue
        yield name


async def _freeze(pids: list[int], seconds: float) -> None:
    try:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(seconds)
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


# A world of one's own


def leave_the_network() -> bool:
    """A network namespace with a loopback of its own, for root on Linux where `nft` is there."""
    if not shutil.which("nft") or not _unshare(CLONE_NEWNET):
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        _, flags = struct.unpack("16sh14x", fcntl.ioctl(control, SIOCGIFFLAGS, request))
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))
    return True


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """A disk of `DISK` bytes in this folder, that only this process and its children see; False if not possible."""
    libc = ctypes.CDLL(None, use_errno=True)
    there = (
        _unshare(CLONE_NEWNS)
        and libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) == 0
        and libc.mount(b"drill", bytes(folder), b"tmpfs", 0, f"size={DISK},mode=755".encode()) == 0
    )
    try:
        yield there
    finally:
        if there:
            libc.umount2(bytes(folder), MNT_DETACH)


def _unshare(what: int) -> bool:
    """Only root on Linux may have a world of its own."""
    if os.geteuid() != 0 or not hasattr(ctypes.CDLL(None), "unshare"):
        return False
    done: int = ctypes.CDLL(None, use_errno=True).unshare(what)
    return done == 0
