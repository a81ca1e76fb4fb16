"""The parent of the server's processes: one listening socket that they share, and each replaced when it dies.

It imports nothing of what they serve, which takes most of a second and is theirs to import.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import FrameType

from app.config import NOWHERE

YOUNG, RESPAWN = 5.0, 3.0  # seconds: who dies before the first is replaced after the second
LOOK = 0.1  # seconds between two looks at who has died
GONE = b"-%d %d"  # what the others are told of a process that takes nothing any more: which, and its number
REPLACE = 60.0  # seconds in which a new process must be ready
logger = logging.getLogger(__name__)


class PortTaken(Exception):
    """Nobody can listen there; `in_use`: since somebody else does."""

    def __init__(self, sentence: str, in_use: bool = False) -> None:
        super().__init__(sentence)
        self.in_use = in_use


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises `PortTaken` with a sentence."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        number = getattr(error, "errno", None)
        sentence = f"Cannot listen on {host} port {port}: {_hindrance(error, number, port)}"
        raise PortTaken(sentence, number == errno.EADDRINUSE) from None
    listener.listen(4096)
    listener.set_inheritable(True)
    return listener


def _hindrance(error: Exception, number: int | None, port: int) -> str:
    """Why not, and what helps."""
    if number == errno.EADDRINUSE:
        other = port + 10 if port + 11 < 65_536 else port - 10  # it takes the one after it, too
        return (
            "another program does already, perhaps a NetworkLab that runs in another terminal. End that one with"
            f" Ctrl-C there, or choose another port: --port {other}."
        )
    if number == errno.EACCES:
        return "ports below 1024 are the system's. Choose another one: --port 8000."
    reason = getattr(error, "strerror", None) or "not an address of this machine"
    return f"{reason}. Leave --host out, or give it an address of this machine."


def bind_beside(host: str, port: int) -> socket.socket | None:
    """The next port, for studies with scripts; None where somebody else listens there, which is said."""
    try:
        return bind(host, port + 1)
    except PortTaken:
        logger.warning(
            "port %s is taken: studies with scripts are played at NETWORKLAB_PLAY_URL only", port + 1
        )
        return None


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


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


class Ways:
    """From each of the server processes to each: what all write to one, it alone reads, and whoever takes its place.

    They have no names by which anybody else could write there.
    """

    def __init__(self, count: int) -> None:
        """None where there is one process."""
        pairs = [
            socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(count if count > 1 else 0)
        ]
        self.inlets, self.outlets = [one for one, _ in pairs], [one for _, one in pairs]
        for one in (*self.inlets, *self.outlets):
            one.setblocking(False)
            one.set_inheritable(True)

    def of(self, nth: int) -> list[int]:
        """The descriptors for one process: what it reads, and what it writes to each, itself included."""
        return [one.fileno() for one in (*self.inlets[nth : nth + 1], *self.outlets)]

    def say_gone(self, nth: int, pid: int) -> None:
        """To the others, of one that has died."""
        for outlet in self.outlets:
            with suppress(OSError):  # whoever does not keep up finds out by waiting
                outlet.send(GONE % (nth, pid))

    def close(self) -> None:
        for one in (*self.inlets, *self.outlets):
            one.close()


class Child:
    """One server process, and the line on which it says that it is ready and learns that its parent has died."""

    def __init__(
        self,
        listeners: Sequence[socket.socket],
        url: str,
        settings: Mapping[str, str] = {},
        nth: int = 0,
        ways: Sequence[int] = (),
    ) -> None:
        """`nth` of the processes, from 0; `ways`: see `Ways.of`."""
        self.line, theirs = socket.socketpair()
        with theirs:
            theirs.set_inheritable(True)
            descriptors = [theirs.fileno(), *(one.fileno() for one in listeners)]
            arguments = ["serve-process", *map(str, descriptors), "--ways", str(nth), *map(str, ways)]
            one = {"DATABASE_URL": url, "DATABASE_URLS": "", "NETWORKLAB_LISTENER_URLS": ""} if url else {}
            environ = {**one, **settings, **_addresses(listeners)}
            self.popen = self.begin(arguments, [*descriptors, *ways], environ)
        self.born = time.monotonic()

    @staticmethod
    def begin(
        arguments: Sequence[str], descriptors: Sequence[int], environ: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "app", *arguments],
            pass_fds=descriptors,
            env=os.environ | dict(environ),
            start_new_session=True,  # a Ctrl-C reaches the parent, which ends its children in order
        )

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


def _addresses(listeners: Sequence[socket.socket]) -> dict[str, str]:
    """What the server's processes are told of where they listen, whatever the environment says."""
    found = {"PORT": str(listeners[0].getsockname()[1])}
    if len(listeners) == 1 and not os.environ.get("NETWORKLAB_PLAY_URL"):
        found["NETWORKLAB_PLAY_URL"] = NOWHERE
    return found


class Processes:
    """Keeps `count` server processes alive on one socket, and on the one beside it if there is one."""

    child: type[Child] = Child

    def __init__(
        self,
        count: int,
        listener: socket.socket,
        url: str,
        beside: socket.socket | None = None,
        settings: Mapping[str, str] = {},
    ) -> None:
        self.count, self.url, self.settings = count, url, settings
        self.listeners = [listener] if beside is None else [listener, beside]
        self.ways = Ways(count)
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
            time.sleep(LOOK)
        self.stop()

    def start(self) -> None:
        self.children = [self._begin(index) for index in range(self.count)]

    async def keep_alive(self) -> None:
        while True:
            self.watch()
            await asyncio.sleep(LOOK)

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
                self.ways.say_gone(index, child.popen.pid)
            if now >= self.respawn_at[index]:
                del self.respawn_at[index]
                child.line.close()
                self.children[index] = self._begin(index)

    def replace(self) -> None:
        """Start a new process, and only when it answers let an old one go; then the next."""
        for index, old in enumerate(self.children):
            new = self._begin(index)
            if not new.wait_until_ready(REPLACE):
                new.stop()
                logger.error("a new server process did not become ready: the old ones go on")
                return
            self.children[index] = new
            old.stop()

    def stop(self) -> None:
        """What they are at is answered; whoever comes now is refused, and goes to another host, if there is one."""
        self.stopping = True
        for child in self.children:
            if child.alive:
                child.popen.terminate()
        for listener in self.listeners:
            listener.close()
        for child in self.children:
            child.stop()
        self.ways.close()

    def _begin(self, index: int) -> Child:
        return self.child(self.listeners, self.url, self.settings, index, self.ways.of(index))

    def _hear(self, sig: int, frame: FrameType | None) -> None:
        if sig == signal.SIGHUP:
            self.hung_up = True
        else:
            self.stopping = True
