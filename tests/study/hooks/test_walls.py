"""Hooks whose authors mean harm: the guard that tells of mistakes is got round, and what is left are the walls."""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from app.study.hooks.networklab import unpack
from app.study.hooks.pool import MEMORY
from app.study.hooks.processes import CHILD
from app.study.hooks.walls import CALLS, COUNT, FILES, MOST_PROCESSES, USER

TRIED = '''
import errno, fcntl, gc, os, resource, signal, socket, subprocess, sys

def off():
    """What child.py refuses, it refuses by what is in its own memory."""
    frame = sys._getframe()
    while "REFUSED" not in frame.f_globals:
        frame = frame.f_back
    frame.f_globals["REFUSED"] = ("nothing",)
    gc.unfreeze()
    for one in gc.get_objects():
        if type(one).__name__ == "function" and one.__qualname__ == "_guard.<locals>.audit":
            cells = dict(zip(one.__code__.co_freevars, one.__closure__))
            cells["is_readable"].cell_contents = lambda path: True
            cells["writes"].cell_contents = 0

def forks():
    """How many there can be at the same time."""
    made, ends = [], ()
    try:
        ends = os.pipe()
    except OSError:
        pass
    try:
        while len(made) < 30:
            child = os.fork()
            if child == 0:
                if ends:
                    os.close(ends[1])
                    os.read(ends[0], 1)
                os._exit(0)
            made.append(child)
    except OSError:
        pass
    for end in ends:
        os.close(end)
    for child in made:
        os.waitpid(child, 0)
    return len(made)

def grows():
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    return len(bytearray(350_000_000))

def libc(name, *given):
    import ctypes
    called = getattr(ctypes.CDLL(None, use_errno=True), name)
    if called(*given) < 0:
        raise OSError(ctypes.get_errno(), name)
    return "done"

def write(path):
    with open(path, "w") as file:
        return file.write("here")

def connect(kind, to):
    with socket.socket(kind) as one:
        return one.connect(to)

def descriptors():
    def is_open(number):
        try:
            return bool(os.fstat(number))
        except OSError:
            return False
    return [number for number in range(3, 60) if is_open(number)]

def tried(work):
    try:
        return repr(work())
    except MemoryError:
        return "MemoryError"
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))

def attempts():
    off()
    return {
        "environment": tried(lambda: open(f"/proc/{VICTIM}/environ").read()),
        "memory of another": tried(lambda: open(f"/proc/{VICTIM}/mem", "rb")),
        "processes": tried(lambda: os.listdir("/proc")),
        "network": tried(lambda: connect(socket.AF_INET, ("127.0.0.1", PORT))),
        "unix socket": tried(lambda: connect(socket.AF_UNIX, SOCKET)),
        "libc": tried(lambda: libc("socket", 1, 1, 0)),
        "trace": tried(lambda: libc("ptrace", 16, VICTIM, 0, 0)),
        "data": tried(lambda: open(FOLDER + "/data").read()),
        "folder": tried(lambda: os.listdir(FOLDER)),
        "write": tried(lambda: write(FOLDER + "/written")),
        "remove": tried(lambda: os.remove(FOLDER + "/data")),
        "program": tried(lambda: subprocess.run(["/bin/true"])),
        "system": tried(lambda: os.posix_spawn("/bin/true", ["true"], {})),
        "limits of another": tried(lambda: resource.prlimit(VICTIM, resource.RLIMIT_NOFILE, (1, 1))),
        "signal by descriptor": tried(lambda: fcntl.fcntl(1, fcntl.F_SETOWN, VICTIM)),
        "root again": tried(lambda: os.setresuid(0, 0, 0)),
        "grows": tried(grows),
        "forks": forks(),
        "kill": tried(lambda: os.kill(VICTIM, signal.SIGKILL)),
        "given": ([name for name in os.environ if name != "LC_CTYPE"], descriptors()),
    }
'''
AT_CALL = """
def hook(room):
    return attempts()
"""
AT_LOAD = """
FOUND = attempts()

def hook(room):
    return FOUND
"""
HARMLESS = ("grows", "forks", "given")


class Place:
    """What a hook may be after: a process, its environment, sockets and a folder of whoever runs the server."""

    def __init__(self, stack: ExitStack, user: str | None) -> None:
        self.folder = Path(tempfile.mkdtemp(dir="/tmp"))
        stack.callback(shutil.rmtree, self.folder)
        self.identity: dict[str, Any] = {}
        if user:
            found = pwd.getpwnam(user)
            self.identity = dict(user=found.pw_uid, group=found.pw_gid, extra_groups=[])
        (self.folder / "data").write_text("secret")
        self.listeners = [socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_UNIX)]
        self.listeners[1].bind(str(self.folder / "socket"))
        self.listeners[1].listen()
        for one in self.listeners:
            stack.callback(one.close)
        if user:
            for path in (self.folder, *self.folder.iterdir()):
                os.chown(path, self.identity["user"], self.identity["group"])
        environment = {"DATABASE_URL": "postgresql://secret"}
        self.victim = subprocess.Popen(["/bin/sleep", "60"], env=environment, **self.identity)
        stack.callback(self.victim.wait)
        stack.callback(self.victim.kill)

    def source(self, hooks: str) -> str:
        port, path = self.listeners[0].getsockname()[1], self.listeners[1].getsockname()
        known = f"VICTIM, PORT, SOCKET, FOLDER = {self.victim.pid}, {port}, {path!r}, {str(self.folder)!r}\n"
        return known + TRIED + hooks

    @property
    def is_whole(self) -> bool:
        return self.victim.poll() is None and sorted(os.listdir(self.folder)) == ["data", "socket"]


class Alone:
    """child.py as the pool starts it, by its own Python and as another user."""

    def __init__(self, stack: ExitStack, python: str, child: Path, **identity: Any) -> None:
        self.process = subprocess.Popen(
            [python, "-I", "-S", str(child), "hooks.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={},
            cwd="/",
            start_new_session=True,
            **identity,
        )
        stack.callback(self.process.wait)
        stack.callback(os.killpg, self.process.pid, signal.SIGKILL)
        assert self.process.stdin and self.process.stdout
        stack.callback(self.process.stdout.close)
        stack.callback(self.process.stdin.close)

    def ask(self, message: Any) -> Any:
        assert self.process.stdin
        body = json.dumps(message).encode()
        self.process.stdin.write(struct.pack(">I", len(body)) + body)
        self.process.stdin.flush()
        return self.receive()

    def receive(self) -> Any:
        assert self.process.stdout
        size = struct.unpack(">I", self.process.stdout.read(4))[0]
        return json.loads(self.process.stdout.read(size))


def open_python() -> str:
    """One that every user can start: this may lie in somebody's home."""
    for path in (os.path.realpath(sys.executable), "/usr/bin/python3"):
        folders = [Path(path).resolve(), *Path(path).resolve().parents]
        if all(one.exists() and one.stat().st_mode & 0o001 for one in folders):
            return path
    pytest.skip("no Python here that another user can start")


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def attacked(
    stack: ExitStack, user: str | None, hooks: str, walls: bool = True
) -> tuple[Place, list[str], dict[str, Any]]:
    if user and os.geteuid() != 0:
        pytest.skip("only root can start a process of another user")
    if sys.platform != "linux":
        pytest.skip("walls are Linux's")
    place = Place(stack, user)
    code = Path(tempfile.mkdtemp(dir="/tmp"))
    stack.callback(shutil.rmtree, code)
    code.chmod(0o755)
    for path in CHILD.parent.glob("*.py"):
        shutil.copy(path, code)
    if not walls:
        with (code / "walls.py").open("a") as file:
            file.write("\n\ndef _none(walls, *_):\n    walls.names = []\n\n\n")
            file.write("Walls.__init__ = _none\nWalls.around_turn = _none\n")
    python = open_python() if user else sys.executable
    alone = Alone(stack, python, code / CHILD.name, **place.identity)
    held = alone.ask({"source": place.source(hooks), "seconds": 20, "memory": MEMORY})["walls"]
    loaded = alone.receive()
    assert "error" not in loaded, loaded
    answer = alone.ask({"hook": "hook", "values": [None]})
    assert "error" not in answer, answer
    found: dict[str, Any] = unpack(answer["answer"])
    return place, held, found


def test_without_the_walls_all_of_it_succeeds(stack: ExitStack) -> None:
    place, walls, found = attacked(stack, None, AT_CALL, walls=False)
    assert not walls
    assert "postgresql://secret" in found["environment"] and found["data"] == "'secret'"
    assert found["network"] == found["unix socket"] == found["kill"] == "None"
    assert found["forks"] == 30 and found["grows"] == "350000000"
    assert (place.folder / "written").exists() or not (place.folder / "data").exists()
    assert not place.is_whole


@pytest.mark.parametrize("hooks", [AT_CALL, AT_LOAD], ids=["called", "as it is read"])
@pytest.mark.parametrize("user", [None, "nobody"], ids=["whoever runs this", "a plain user"])
def test_a_hook_that_gets_round_the_guard_reaches_nothing(
    stack: ExitStack, user: str | None, hooks: str
) -> None:
    place, walls, found = attacked(stack, user, hooks)
    assert {CALLS, FILES} <= set(walls), walls
    assert (USER in walls) == (os.geteuid() == 0 and user is None)
    refused = {name: said for name, said in found.items() if name not in HARMLESS}
    assert set(refused.values()) <= {"EPERM", "EACCES", "EAGAIN"}, refused
    assert found["grows"] == "MemoryError"
    if hooks is AT_CALL:
        assert found["forks"] == 0
        assert found["given"][0] == () and len(found["given"][1]) == 2, "the two pipes of its own"
    elif COUNT in walls:
        assert found["forks"] < MOST_PROCESSES
    assert place.is_whole
    assert not re.search(r"Max open files +1 ", Path(f"/proc/{place.victim.pid}/limits").read_text())


def test_forks_that_wait_for_a_turn_end_with_the_process_that_made_them(stack: ExitStack) -> None:
    if sys.platform != "linux":
        pytest.skip("processes are looked up in /proc")
    alone = Alone(stack, sys.executable, CHILD)
    alone.ask({"source": "", "seconds": 20, "memory": MEMORY})
    assert "error" not in alone.receive()
    children = Path(f"/proc/{alone.process.pid}/task/{alone.process.pid}/children")
    ends = time.monotonic() + 10
    while len(forks := children.read_text().split()) < 2:
        assert time.monotonic() < ends, "nobody has asked for them yet"
    alone.process.kill()
    alone.process.wait()
    while any(is_alive(fork) for fork in forks):
        assert time.monotonic() < ends, forks


def is_alive(number: str) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except FileNotFoundError:
        return False
