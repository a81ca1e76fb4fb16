"""The production server: one listening socket, N processes that share it, each replaced when it dies."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from types import FrameType
from typing import Any, cast

import uvicorn
import uvloop
from litestar.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app import streams
from app.config import Config
from app.main import create_app

YOUNG, RESPAWN = 5.0, 3.0  # seconds: who dies before the first is replaced after the second
logger = logging.getLogger(__name__)


class PortTaken(Exception):
    """Somebody else listens there."""


class OneWrite:
    """A transport that sends in one go what is written in one turn of the loop.

    uvicorn writes the head and the body of an answer one by one, and each write is a system call and a packet:
    without this a record form costs 10 of 55 microseconds more in uvicorn, and its client reads twice.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport, self.held = transport, list[bytes]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.transport, name)

    def write(self, data: bytes) -> None:
        if not self.held:
            asyncio.get_running_loop().call_soon(self.flush)
        self.held.append(data)

    def flush(self) -> None:
        if self.held and not self.transport.is_closing():
            self.transport.write(b"".join(self.held))
        self.held.clear()

    def close(self) -> None:
        self.flush()
        self.transport.close()


class Protocol(HttpToolsProtocol):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(cast(asyncio.Transport, OneWrite(transport)))


class Server(uvicorn.Server):
    """Ends the streams as soon as a signal comes; uvicorn would wait for them for ever."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        streams.stopping.set()
        super().handle_exit(sig, frame)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises `PortTaken` with a sentence."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or "not an address of this machine"
        raise PortTaken(
            f"Cannot listen on {host} port {port} ({reason}). Choose another with --port."
        ) from None
    listener.listen(4096)
    listener.set_inheritable(True)
    return listener


def serve_one(config: Config, url: str, listener: socket.socket, lifeline: int | None = None) -> None:
    """Serve in this process until SIGTERM or SIGINT, or until whoever holds the other end of `lifeline` is gone."""
    _allow_many_connections()
    if lifeline is not None:
        threading.Thread(target=_end_with_parent, args=[lifeline], daemon=True).start()
    settings = uvicorn.Config(
        _head_as_get(create_app(config, url)),
        loop="uvloop",
        http=Protocol,
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=75,  # people think longer than the usual 5 s between two forms
        backlog=4096,
        proxy_headers=True,
    )
    uvloop.run(Server(settings).serve(sockets=[listener]))


def _head_as_get(app: ASGIApp) -> ASGIApp:
    """Uptime checks and link scanners ask with HEAD; uvicorn leaves the body of the answer out."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method") == "HEAD":
            scope = {**scope, "method": "GET"}  # type: ignore[assignment]
        await app(scope, receive, send)

    return answer


def _allow_many_connections() -> None:
    """Each page holds a connection, and each connection a file descriptor; 1,024 is a common limit."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if most == resource.RLIM_INFINITY else most
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 4096:
        logger.warning(
            "only %s files may be open at once: raise the limit (ulimit -n) before hundreds come", wanted
        )


def _end_with_parent(lifeline: int) -> None:
    os.read(lifeline, 1)  # returns only when the parent has died, however it died
    os._exit(1)


class Processes:
    """Keeps `count` server processes alive on one socket."""

    def __init__(self, count: int, listener: socket.socket, url: str) -> None:
        self.count, self.listener, self.url = count, listener, url
        self.children: list[subprocess.Popen[bytes]] = []
        self.stopping = False
        self.born = [0.0] * count
        self.respawn_at: dict[int, float] = {}
        self.lifeline, self.held = os.pipe()  # never written to: it closes when this process dies

    def run(self) -> None:
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._stop)
        self.start()
        while not self.stopping:
            self.watch()
            time.sleep(0.1)
        self.stop()

    def start(self) -> None:
        self.children = [self._spawn() for _ in range(self.count)]
        self.born = [time.monotonic()] * self.count

    def watch(self) -> None:
        """Replace who has died; after one that died young wait a little: a lasting fault must not spin."""
        now = time.monotonic()
        for index, child in enumerate(self.children):
            if child.poll() is None:
                continue
            if index not in self.respawn_at:
                logger.warning(
                    "server process %s ended with %s; starting another", child.pid, child.returncode
                )
                self.respawn_at[index] = now + (RESPAWN if now - self.born[index] < YOUNG else 0.0)
            if now >= self.respawn_at[index]:
                del self.respawn_at[index]
                self.children[index], self.born[index] = self._spawn(), now

    def stop(self) -> None:
        self.stopping = True
        for child in self.children:
            if child.poll() is None:
                child.terminate()
        for child in self.children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def _spawn(self) -> subprocess.Popen[bytes]:
        descriptor = self.listener.fileno()
        return subprocess.Popen(
            [sys.executable, "-m", "app", "serve-process", str(descriptor), str(self.lifeline)],
            pass_fds=[descriptor, self.lifeline],
            env=os.environ | {"DATABASE_URL": self.url},
            start_new_session=True,  # a Ctrl-C reaches the parent, which ends its children in order
        )

    def _stop(self, sig: int, frame: FrameType | None) -> None:
        self.stopping = True
