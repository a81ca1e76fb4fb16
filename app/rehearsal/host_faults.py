"""What a drill does to one of several hosts of the server. Each fault ends with all of them back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator

from app.database.embedded import EmbeddedError
from app.rehearsal.faults import migrate
from app.rehearsal.hosts import cut_off
from app.rehearsal.scene import READY, Scene, says_ready
from app.rehearsal.server_hosts import RISES, ServerHost

Fault = Callable[[Scene], Awaitable[None]]
AWAY = 15.0  # seconds: longer than it takes to notice


async def kill_a_host(scene: Scene) -> None:
    """As one that loses power; it comes back."""
    host = _befalls(scene)
    await asyncio.to_thread(host.kill)
    await asyncio.sleep(AWAY / 3)
    host.begin()
    await _until_back(host)


async def freeze_a_host(scene: Scene) -> None:
    """It wakes up as one that has not noticed anything, with requests that others have answered."""
    host = _befalls(scene)
    try:
        host.freeze()
        await asyncio.sleep(AWAY)
    finally:
        host.thaw()
    await _until_back(host)


async def cut_a_host_off(scene: Scene) -> None:
    """From players and database alike; it is alive, and has connections that lead nowhere."""
    host = _befalls(scene)
    try:
        await asyncio.to_thread(cut_off, host.name, True)
        await asyncio.sleep(AWAY)
    finally:
        await asyncio.to_thread(cut_off, host.name, False)
    await _until_back(host)


async def drain_a_host(scene: Scene) -> None:
    """As an administrator ends it."""
    await _again(scene, _befalls(scene))


async def upgrade_host_by_host(scene: Scene) -> None:
    """A migration under all of them, and then one after the other is ended and started again."""
    await migrate(scene)
    for host in scene.hosts:
        scene.moments.append(time.monotonic())
        await _again(scene, host)


FAULTS: dict[str, Fault] = {
    "a host was killed": kill_a_host,
    "a host froze": freeze_a_host,
    "a host was cut off": cut_a_host_off,
    "a host was drained": drain_a_host,
    "a new version came host by host": upgrade_host_by_host,
}
IN_ORDER = {name for name, fault in FAULTS.items() if fault in (drain_a_host, upgrade_host_by_host)}


def possible_with(scene: Scene) -> Iterator[str]:
    for name, fault in FAULTS.items():
        if fault is not cut_a_host_off or all(one.is_machine for one in scene.hosts):
            yield name


def _befalls(scene: Scene) -> ServerHost:
    """The one that was spared longest: after a fault most people are there."""
    host = scene.turns.pop(0)
    scene.turns.append(host)
    scene.moments.append(time.monotonic())
    return host


async def _again(scene: Scene, host: ServerHost) -> None:
    await asyncio.to_thread(host.end)
    host.begin()
    await _until_back(host)


async def _until_back(host: ServerHost) -> None:
    """Ready, and with time for what is in front of it to notice. Raises EmbeddedError."""
    deadline = time.monotonic() + READY
    while not await says_ready(host.base):
        if time.monotonic() > deadline:
            raise EmbeddedError(f"{host.name} was not ready again within {READY:.0f} s")
        await asyncio.sleep(0.2)
    await asyncio.sleep(RISES)
