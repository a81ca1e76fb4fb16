"""Stories of two hosts behind HAProxy: one is gone, and its people go on at the other with what they had typed."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from app.config import PROJECT
from app.rehearsal.programs import descendants
from app.rehearsal.server_hosts import haproxy_here, haproxy_settings, in_front
from app.web.processes import free_port
from tests.house.burst import BURST, a_burst, assert_kept, everyone_has_written
from tests.house.house import House
from tests.house.server import Server
from tests.house.waits import until

needs_haproxy = pytest.mark.skipif(not haproxy_here(), reason="haproxy is not installed")


@dataclass(frozen=True)
class Hosts:
    """Two, and what is in front of them."""

    front: Server
    hosts: list[Server]

    def signal(self, host: Server, number: signal.Signals) -> None:
        """To all of its processes, as to a machine."""
        for pid in descendants(host.popen.pid):
            os.kill(pid, number)


@pytest.fixture
def hosts(house: House, tmp_path: Path) -> Iterator[Hosts]:
    house.forked = False
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    each = [house.serve(NETWORKLAB_URL=url, NETWORKLAB_PLAY_URL="none") for _ in range(2)]
    front = replace(each[0], base=url, port=port)
    with in_front(tmp_path, port, [f"127.0.0.1:{host.port}" for host in each]):
        front.wait_until_ready()
        yield Hosts(front, each)


def test_the_manual_has_the_settings_that_are_told_here() -> None:
    [block] = re.findall(r"^```haproxy\n(.*?)^```$", (PROJECT / "docs/scale.md").read_text(), re.M | re.S)
    assert block == haproxy_settings(":80", ["10.0.0.1:8000", "10.0.0.2:8000"])


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


@needs_haproxy
def test_a_host_that_is_killed_or_frozen_is_gone_on_without(house: House, hosts: Hosts) -> None:
    async def freezes(host: Server) -> None:
        hosts.signal(host, signal.SIGSTOP)

    async def wakes_up(host: Server) -> None:
        hosts.signal(host, signal.SIGCONT)

    async def is_killed(host: Server) -> None:
        hosts.signal(host, signal.SIGKILL)

    goes_on(house, hosts, freezes, wakes_up, is_killed)


@needs_haproxy
def test_a_host_that_is_ended_in_order_and_comes_back_is_noticed_by_nobody(
    house: House, hosts: Hosts
) -> None:
    async def is_ended(host: Server) -> None:
        host.popen.send_signal(signal.SIGTERM)
        await asyncio.to_thread(host.popen.wait, 30)

    goes_on(house, hosts, is_ended)


def test_a_host_that_is_ended_refuses_who_comes_while_it_answers_what_it_is_at(house: House) -> None:
    """Else they would wait for it until it is gone, and what is in front of it would lead more to it."""
    house.forked = False
    server = house.serve()
    with socket.create_connection(("127.0.0.1", server.port)) as slow:
        slow.sendall(b"POST /admin/login HTTP/1.1\r\nHost: here\r\nContent-Length: 9\r\n\r\nna")
        asyncio.run(until(lambda: answers(server), "a process that has taken it", 10))
        server.popen.send_signal(signal.SIGTERM)
        asyncio.run(until(lambda: not answers(server), "whoever comes being refused", 4))
        assert server.popen.poll() is None, "it is at that form"
        slow.sendall(b"me=ada\n")
        assert slow.recv(100).startswith(b"HTTP/1.1 ")
    server.popen.wait(30)


def answers(server: Server) -> bool:
    try:
        socket.create_connection(("127.0.0.1", server.port), 1).close()
    except ConnectionRefusedError:
        return False
    return True
