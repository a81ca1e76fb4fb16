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
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

import uvicorn
import uvloop
from litestar.datastructures import State
from litestar.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app import record_forms, streams
from app.config import Config
from app.main import create_app

YOUNG, RESPAWN = 5.0, 3.0  # seconds: who dies before the first is replaced after the second
REPLACE = 60.0  # seconds in which a new process must be ready
LARGE_FORM = 16_384  # bytes: what is larger is read piece by piece, as the client can be made to wait
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

    def write_whole(self, data: bytes) -> None:
        """An answer that is complete: nothing more comes for which it would have to wait."""
        self.flush()
        self.transport.write(data)

    def flush(self) -> None:
        if self.held and not self.transport.is_closing():
            self.transport.write(b"".join(self.held))
        self.held.clear()

    def close(self) -> None:
        self.flush()
        self.transport.close()


class Protocol(HttpToolsProtocol):
    """uvicorn's, but record forms are answered without a task, a scope's middleware and Litestar (`record_forms`).

    A form takes 15 microseconds here that takes 53 through a bare ASGI application. Order and pipelining stay
    uvicorn's: its cycle of this request counts as open until the answer is written.
    """

    state: State  # the application's
    transport: OneWrite  # type: ignore[assignment]
    held: RequestResponseCycle | None = None  # a record form that is still coming in

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(OneWrite(transport))  # type: ignore[arg-type]

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        scope = cycle.scope
        if (
            scope["path"] != record_forms.PATH
            or scope["method"] != "POST"
            or cycle.waiting_for_100_continue
            or self.flow.write_paused  # a client that sends and does not read is made to wait
        ):
            super()._start_asgi_task(cycle, app)
        elif cycle.more_body:
            self.held = cycle
        else:  # it came whole, behind another request
            self._take(cycle)

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        if self.held is not None and len(self.held.body) > LARGE_FORM:
            cycle, self.held = self.held, None
            super()._start_asgi_task(cycle, self.app)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if self.held is not None:
            cycle, self.held = self.held, None
            self._take(cycle)

    def _take(self, cycle: RequestResponseCycle) -> None:
        def say(answer: bytes) -> None:
            if cycle.disconnected or self.transport.is_closing():
                return
            cycle.response_started = cycle.response_complete = True
            if not cycle.keep_alive:
                answer = answer.replace(b"\r\n", b"\r\nconnection: close\r\n", 1)
            self.transport.write_whole(answer)
            if not cycle.keep_alive:
                self.transport.close()
            self.on_response_complete()

        def pass_on(posted: record_forms.Posted | BaseException | None) -> None:
            cycle.scope["state"]["posted"] = posted
            super(Protocol, self)._start_asgi_task(cycle, self.app)

        lab, headers = self.state.lab, dict(cycle.scope["headers"])
        record_forms.take(lab, headers, bytes(cycle.body), say, pass_on)


class Server(uvicorn.Server):
    """Ends the streams as soon as a signal comes; uvicorn would wait for them for ever."""

    def __init__(self, settings: uvicorn.Config, lifeline: int | None) -> None:
        super().__init__(settings)
        self.lifeline = lifeline

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self.lifeline is not None:
            os.write(self.lifeline, b"ready")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        streams.stop()
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


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def serve_one(config: Config, url: str, listener: socket.socket, lifeline: int) -> None:
    """Serve in this process until SIGTERM or SIGINT, or until whoever holds the other end of `lifeline` is gone.

    Says "ready" into it when requests are answered from here too.
    """
    allow_many_connections()
    threading.Thread(target=_end_with_parent, args=[lifeline], daemon=True).start()
    app = create_app(config, url)
    settings = uvicorn.Config(
        _head_as_get(app),
        loop="uvloop",
        http=type("Protocol", (Protocol,), {"state": app.state}),
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
    uvloop.run(Server(settings, lifeline).serve(sockets=[listener]))


def _head_as_get(app: ASGIApp) -> ASGIApp:
    """Uptime checks and link scanners ask with HEAD; uvicorn leaves the body of the answer out."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method") == "HEAD":
            scope = {**scope, "method": "GET"}  # type: ignore[assignment]
        await app(scope, receive, send)

    return answer


def allow_many_connections() -> None:
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
    with suppress(OSError):
        os.read(lifeline, 1)  # returns only when the parent has died, however it died
    os._exit(1)


class Child:
    """One server process, and the line on which it says that it is ready and learns that its parent has died."""

    def __init__(self, listener: socket.socket, url: str) -> None:
        self.line, theirs = socket.socketpair()
        with theirs:
            theirs.set_inheritable(True)
            self.popen = subprocess.Popen(
                [sys.executable, "-m", "app", "serve-process", str(listener.fileno()), str(theirs.fileno())],
                pass_fds=[listener.fileno(), theirs.fileno()],
                env=os.environ | {"DATABASE_URL": url},
                start_new_session=True,  # a Ctrl-C reaches the parent, which ends its children in order
            )
        self.born = time.monotonic()

    @property
    def alive(self) -> bool:
        return self.popen.poll() is None

    def wait_until_ready(self, seconds: float) -> bool:
        """False where it has ended, or is not ready in time."""
        self.line.settimeout(seconds)
        try:
            return bool(self.line.recv(5))
        except TimeoutError:
            return False

    def stop(self, seconds: float = 10) -> None:
        """Let it answer what it is at; end it where that takes too long."""
        if self.alive:
            self.popen.terminate()
        try:
            self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
        self.line.close()


class Processes:
    """Keeps `count` server processes alive on one socket."""

    def __init__(self, count: int, listener: socket.socket, url: str) -> None:
        self.count, self.listener, self.url = count, listener, url
        self.children: list[Child] = []
        self.stopping = self.hung_up = False
        self.respawn_at: dict[int, float] = {}

    def run(self, before_replacing: Callable[[], None] = lambda: None) -> None:
        """Until SIGTERM or SIGINT. SIGHUP replaces the processes one after the other: a new version without a gap."""
        for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(name, self._hear)
        self.start()
        while not self.stopping:
            self.watch()
            if self.hung_up:
                self.hung_up = False
                before_replacing()
                self.replace()
            time.sleep(0.1)
        self.stop()

    def start(self) -> None:
        self.children = [Child(self.listener, self.url) for _ in range(self.count)]

    def watch(self) -> None:
        """Replace who has died; after one that died young wait a little: a lasting fault must not spin."""
        now = time.monotonic()
        for index, child in enumerate(self.children):
            if child.alive:
                continue
            if index not in self.respawn_at:
                logger.warning(
                    "server process %s ended with %s; starting another",
                    child.popen.pid,
                    child.popen.returncode,
                )
                self.respawn_at[index] = now + (RESPAWN if now - child.born < YOUNG else 0.0)
            if now >= self.respawn_at[index]:
                del self.respawn_at[index]
                child.line.close()
                self.children[index] = Child(self.listener, self.url)

    def replace(self) -> None:
        """Start a new process, and only when it answers let an old one go; then the next."""
        for index, old in enumerate(self.children):
            new = Child(self.listener, self.url)
            if not new.wait_until_ready(REPLACE):
                new.stop()
                logger.error("a new server process did not become ready: the old ones go on")
                return
            self.children[index] = new
            old.stop()

    def stop(self) -> None:
        self.stopping = True
        for child in self.children:
            if child.alive:
                child.popen.terminate()
        for child in self.children:
            child.stop()

    def _hear(self, sig: int, frame: FrameType | None) -> None:
        if sig == signal.SIGHUP:
            self.hung_up = True
        else:
            self.stopping = True
