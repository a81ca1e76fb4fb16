"""The other side of pool.py: a process in which a study's hooks run. It gets values and gives values, by its pipes.

`python -I -S child.py hooks.py`: the standard library and networklab.py are all there is, and the argument is only what
Python is to call the hooks. The first message has their text and the limits, each further one a call. Each call runs in
a fork of its own, so that nothing stays of one for the next, and it is ended when it takes too long, takes too much
memory or dies.

What is refused here is told in a sentence, with its line: that is for mistakes. Code that means to get round it is held
by walls.py, as far as the system has walls. Nothing that comes from here is trusted on the other side.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import os
import resource
import select
import signal
import struct
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

FILE = sys.argv[1]
LARGEST = 1_000_000  # bytes of an answer
MOST_PRINTED = 2000  # characters that are kept
GRACE = 0.5  # seconds more before a call that doesn't heed its alarm is killed
REFUSED = (
    "socket.",
    "subprocess.",
    "os.",
    "shutil.",
    "ctypes.",
    "signal.",
    "pty.",
    "resource.prlimit",
    "mmap.",
    "fcntl.",
)


class TookTooLong(BaseException):
    """Not an Exception: a hook that catches all of those is still ended."""


class Printed(io.TextIOBase):
    """What a hook prints: the beginning is kept for the researcher."""

    def __init__(self) -> None:
        self.kept = ""

    def write(self, text: str) -> int:
        self.kept += text[: MOST_PRINTED - len(self.kept)]
        return len(text)


def main() -> None:
    inbox, outbox = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.close(nothing)
    sys.dont_write_bytecode = True
    values = sys.modules["networklab"] = _beside("networklab")
    first = _receive(inbox)
    if first is None:
        return
    seconds, memory = first["seconds"], first["memory"]
    walls = _beside("walls")
    around = walls.Walls(memory, seconds)
    sys.addaudithook(_guard(walls.READABLE, ("os.fork",)))
    _send(outbox, {"walls": around.names})  # before hooks.py can say anything
    module = ModuleType("hooks")
    outcome = _try(seconds, memory, lambda: _load(module, first["source"]))
    _send(outbox, outcome)
    if "error" in outcome:
        return
    while (request := _receive(inbox)) is not None:

        def enter() -> None:
            os.close(inbox)
            os.close(outbox)
            around.around_call()
            sys.addaudithook(_guard(walls.READABLE))

        _send(outbox, _in_a_fork(enter, seconds, memory, module, values, request))


def _guard(readable: tuple[str, ...], allowed: tuple[str, ...] = ()) -> Any:
    """Refuses files, network and other programs, for good: no audit hook can be removed, and this one has no switch."""

    writes = os.O_ACCMODE | os.O_CREAT | os.O_TRUNC

    def is_readable(path: str) -> bool:
        real = os.path.realpath(path)
        return real in readable or real.startswith(tuple(f"{one}/" for one in readable))

    def audit(event: str, given: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = given
            if isinstance(path, str) and not flags & writes and is_readable(path):
                return  # an import
            raise PermissionError(f"a hook can't open a file ({path}): what it needs comes in as a value")
        if event in ("os.listdir", "os.scandir") and is_readable(str(given[0])):
            return
        if event.startswith(REFUSED) and event not in allowed:
            raise PermissionError(f"a hook can't do this ({event}): it gets values and gives values")

    return audit


def _beside(name: str) -> ModuleType:
    """A module in this folder: the path of this process leads to the standard library alone."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # its dataclasses look their own module up
    spec.loader.exec_module(module)
    return module


def _load(module: ModuleType, source: str) -> None:
    code: CodeType = compile(source, FILE, "exec", dont_inherit=True)
    exec(code, module.__dict__)


def _in_a_fork(
    enter: Callable[[], None],
    seconds: float,
    memory: int,
    module: ModuleType,
    values: ModuleType,
    request: Any,
) -> dict[str, Any]:
    """`lost`: the call goes on all the same, and whoever started this process is to end it with all that it started."""
    reading, writing = os.pipe()
    fork = os.fork()
    if fork == 0:
        os.close(reading)

        def call() -> Any:
            given = [values.unpack(one) for one in request["values"]]
            return values.pack(getattr(module, request["hook"])(*given))

        with contextlib.suppress(BaseException):
            enter()
            _send(writing, _try(seconds, memory, call))
        os._exit(0)
    os.close(writing)
    answer = _until(reading, time.monotonic() + seconds + GRACE)
    os.close(reading)
    if answer is None:
        return _error(f"it did not end within {seconds:g} s") | {"lost": True}
    os.waitpid(fork, 0)
    if not answer:
        return _error("it ended without an answer, as a process that is out of memory does")
    found: dict[str, Any] = json.loads(answer[4:])
    return found


def _try(seconds: float, memory: int, work: Any) -> dict[str, Any]:
    printed = Printed()
    sys.stdout = sys.stderr = printed
    lines: list[int] = []
    before = resource.getrlimit(resource.RLIMIT_AS)
    limited = before[1] if before[1] != resource.RLIM_INFINITY else memory
    signal.signal(signal.SIGALRM, _too_long)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (min(memory, limited), before[1]))
        try:
            answer = {"answer": work(), "printed": printed.kept}
            if len(json.dumps(answer)) > LARGEST:
                return _error(f"its answer is longer than {LARGEST:,} bytes", printed=printed.kept)
            return answer
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(resource.RLIMIT_AS, before)
    except TookTooLong as error:
        lines = _own_lines(error)
        sentence = f"it did not end within {seconds:g} s"
    except MemoryError as error:
        lines = _own_lines(error)
        sentence = f"it needed more than {memory // 1_000_000} MB of memory"
    except SyntaxError as error:
        return _error(f"{error.msg}", error.lineno or 0, printed.kept)
    except SystemExit as error:
        lines = _own_lines(error)
        sentence = "it tried to end the program"
    except BaseException as error:
        lines = _own_lines(error)
        sentence = f"{type(error).__name__}: {error}"[:1000]
    return _error(sentence, (lines and lines[-1]) or 0, printed.kept)


def _own_lines(error: BaseException) -> list[int]:
    walked = traceback.walk_tb(error.__traceback__)
    return [line for frame, line in walked if frame.f_code.co_filename == FILE]


def _too_long(_signal: int, _frame: FrameType | None) -> None:
    raise TookTooLong


def _error(sentence: str, line: int = 0, printed: str = "") -> dict[str, Any]:
    return {"error": sentence, "line": line, "printed": printed}


def _until(reading: int, deadline: float) -> bytes | None:
    """All that comes until the other side ends; None if it doesn't in time."""
    found = b""
    while True:
        ready, _, _ = select.select([reading], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return None
        block = os.read(reading, 65536)
        if not block:
            return found
        found += block


def _receive(inbox: int) -> Any:
    """The next message; None at the end."""
    head = _exactly(inbox, 4)
    if head is None:
        return None
    body = _exactly(inbox, struct.unpack(">I", head)[0])
    return None if body is None else json.loads(body)


def _exactly(inbox: int, size: int) -> bytes | None:
    found = b""
    while len(found) < size:
        block = os.read(inbox, size - len(found))
        if not block:
            return None
        found += block
    return found


def _send(outbox: int, message: Any) -> None:
    body = json.dumps(message).encode()
    left = memoryview(struct.pack(">I", len(body)) + body)
    while left:
        left = left[os.write(outbox, left) :]


if __name__ == "__main__":
    main()
