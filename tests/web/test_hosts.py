"""Stories of two hosts behind HAProxy: one is gone, and its people go on at the other with what they had typed."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from app.config import PROJECT
from app.rehearsal.programs import programs
from app.web.processes import free_port
from tests.house.burst import BURST, a_burst, assert_kept, everyone_has_written
from tests.house.house import House
from tests.house.server import Server

HAPROXY = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
pytestmark = pytest.mark.skipif(HAPROXY is None, reason="haproxy is not installed")


@dataclass(frozen=True)
class Hosts:
    """Two, and what is in front of them."""

    front: Server
    hosts: list[Server]

    def signal(self, host: Server, number: signal.Signals) -> None:
        """To all of its processes, as to a machine."""
        own = host.popen.pid
        for pid in (own, *(one.pid for one in programs() if one.parent == own)):
            os.kill(pid, number)


@pytest.fixture
def hosts(house: House, tmp_path: Path) -> Iterator[Hosts]:
    house.forked = False
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    each = [house.serve(NETWORKLAB_URL=url, NETWORKLAB_PLAY_URL="none") for _ in range(2)]
    [block] = re.findall(r"^```haproxy\n(.*?)^```$", (PROJECT / "docs/scale.md").read_text(), re.M | re.S)
    block = block.replace("bind :80", f"bind 127.0.0.1:{port}")
    for nth, host in enumerate(each, 1):
        block = block.replace(f"10.0.0.{nth}:8000", f"127.0.0.1:{host.port}")
    (tmp_path / "haproxy.cfg").write_text(block)
    with (tmp_path / "haproxy.log").open("wb") as log:
        proxy = subprocess.Popen(
            [str(HAPROXY), "-db", "-f", tmp_path / "haproxy.cfg"], stdout=log, stderr=log
        )
    front = replace(each[0], base=url, port=port)
    try:
        front.wait_until_ready()
        yield Hosts(front, each)
    finally:
        proxy.kill()
        proxy.wait()


def goes_on(house: House, hosts: Hosts, *befalls: Callable[[Server], Awaitable[None]]) -> None:
    """People write all the while, and everything that they have a receipt for is there, once."""
    session = house.open(BURST, {"red": 4, "blue": 4})

    async def story() -> None:
        async with a_burst(house, session, hosts.front) as writers:
            for befall in befalls:
                await befall(hosts.hosts[0])
                await everyone_has_written(writers, 10)
        assert_kept(house, session, writers)

    house.tell(story())


def test_a_host_that_is_killed_or_frozen_is_gone_on_without(house: House, hosts: Hosts) -> None:
    async def freezes(host: Server) -> None:
        hosts.signal(host, signal.SIGSTOP)

    async def wakes_up(host: Server) -> None:
        hosts.signal(host, signal.SIGCONT)

    async def is_killed(host: Server) -> None:
        hosts.signal(host, signal.SIGKILL)

    goes_on(house, hosts, freezes, wakes_up, is_killed)


def test_a_host_that_is_ended_in_order_and_comes_back_is_noticed_by_nobody(
    house: House, hosts: Hosts
) -> None:
    async def is_ended(host: Server) -> None:
        host.popen.send_signal(signal.SIGTERM)
        await asyncio.to_thread(host.popen.wait, 30)

    goes_on(house, hosts, is_ended)
