"""What a drill does to a server while people play: kill, freeze, lose, replace."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial

import psycopg

from app.database.embedded import EmbeddedError
from app.rehearsal.coming_back import asked_again
from app.rehearsal.scene import READY, Scene

LOSS = 8  # of a hundred packets
TRIES = 20  # for a lock, of two seconds each

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
        await freeze([scene.chance.choice(workers)], scene.chance.uniform(1.0, 5.0))


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
    await migrate(scene)
    before = scene.workers()
    for host in scene.hosts:
        if host.serve:
            host.serve.send_signal(signal.SIGHUP)
    await asyncio.to_thread(_until_gone, scene, set(before))


def _until_gone(scene: Scene, pids: set[int]) -> None:
    deadline = time.monotonic() + READY
    while pids & set(scene.workers()) and time.monotonic() < deadline:
        time.sleep(0.1)


async def migrate(scene: Scene) -> None:
    """Changes of the kind that a new version makes to the busiest tables of each database, which may be just coming
    back; each can be made twice. Raises EmbeddedError.
    """
    number = scene.chance.randrange(10**9)
    for database in scene.databases:
        for statement in (
            f"alter table record add column if not exists drill_{number} integer",
            f"alter table player add column if not exists drill_{number} text not null default ''",
            f"alter table record drop column if exists drill_{number}",
            f"alter table player drop column if exists drill_{number}",
        ):
            await asked_again(partial(asyncio.to_thread, change, database.url, statement), database.back)


def change(url: str, statement: str, tries: int = TRIES) -> None:
    """A lock that isn't free is tried again. Raises EmbeddedError where it never was."""
    for _ in range(tries):
        try:
            with psycopg.connect(url, autocommit=True) as conn:
                conn.execute(b"set lock_timeout = '2s'")
                conn.execute(statement.encode())
            return
        except psycopg.errors.LockNotAvailable:
            continue
    raise EmbeddedError(f"a migration did not get its lock in {tries} tries: {statement}")


FAULTS: dict[str, Fault] = {
    "a server process was killed": kill_a_server_process,
    "all server processes were killed": kill_all_server_processes,
    "a server process froze": freeze_a_server_process,
    "packets were lost": lose_packets,
    "a new version was deployed": deploy,
}


def possible(scene: Scene) -> Iterator[str]:
    for name, fault in FAULTS.items():
        if fault is not lose_packets or scene.own_network:
            yield name


async def freeze(pids: Sequence[int], seconds: float) -> None:
    try:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(seconds)
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
