"""What a drill does to a server while people play: kill, freeze, cut, fill up, lose, replace."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress

import psycopg

from app.rehearsal.own_world import fill_up, switch_logs
from app.rehearsal.scene import READY, Scene
from app.rehearsal.standby import kill_machine

LOSS = 8  # of a hundred packets


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
        await asyncio.to_thread(fill_up, ballast)
        # Its log has files in stock; now it needs new ones.
        await asyncio.to_thread(switch_logs, scene.url)
        await asyncio.sleep(scene.chance.uniform(2.0, 5.0))
    finally:
        ballast.unlink(missing_ok=True)


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
    await asyncio.to_thread(migrate, scene)
    before = scene.workers()
    for host in scene.hosts:
        if host.serve:
            host.serve.send_signal(signal.SIGHUP)
    await asyncio.to_thread(_until_gone, scene, set(before))


def _until_gone(scene: Scene, pids: set[int]) -> None:
    deadline = time.monotonic() + READY
    while pids & set(scene.workers()) and time.monotonic() < deadline:
        time.sleep(0.1)


def migrate(scene: Scene) -> None:
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
