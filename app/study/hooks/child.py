"""The other side of pool.py: a process in which a study's hooks run. It gets values and gives values, by its pipes.

`python -I -S child.py hooks.py`: the standard library and networklab.py are all there is, and the argument is only what
Python is to call the hooks. The first message has their text and the limits, each further one a call. Each call runs in
a fork of its own, so that nothing stays of one for the next, and it is ended when it takes too long, takes too much
memory or dies.

This guards against mistakes. Who writes hooks.py is trusted as whoever runs the server is.
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
    "resource.",
    "mmap.",
    "fcntl.",
)
LIBRARY = tuple({os.path.realpath(path) for path in (sys.prefix, sys.base_prefix)})


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
    sys.dont_write_bytecode = True
    values = _values()
    sys.modules["networklab"] = values
    guard = Guard()
    sys.addaudithook(guard.audit)
    first = _receive(inbox)
    if first is None:
        return
    seconds, memory = first["seconds"], first["memory"]
    module = ModuleType("hooks")
    outcome = _try(guard, seconds, memory, lambda: _load(module, first["source"]))
    _send(outbox, outcome)
    if "error" in outcome:
        return
    while (request := _receive(inbox)) is not None:
        _send(outbox, _in_a_fork(guard, seconds, memory, module, values, request))


class Guard:
    """What hooks are kept from, while they run: files, network, other programs."""

    def __init__(self) -> None:
        self.up = False

    def audit(self, event: str, given: tuple[Any, ...]) -> None:
        if not self.up:
            return
        if event == "open":
            path, mode = given[0], given[1]
            if isinstance(path, str) and mode in ("r", "rb", None) and self._is_library(path):
                return  # an import
            raise PermissionError(f"a hook can't open a file ({path}): what it needs comes in as a value")
        if event in ("os.listdir", "os.scandir") and self._is_library(str(given[0])):
            return
        if event.startswith(REFUSED):
            raise PermissionError(f"a hook can't do this ({event}): it gets values and gives values")

    def _is_library(self, path: str) -> bool:
        return os.path.realpath(path).startswith(LIBRARY)


def _values() -> ModuleType:
    spec = importlib.util.spec_from_file_location("networklab", Path(__file__).with_name("networklab.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["networklab"] = module  # its dataclasses look their own module up
    spec.loader.exec_module(module)
    return module


def _load(module: ModuleType, source: str) -> None:
    code: CodeType = compile(source, FILE, "exec", dont_inherit=True)
    exec(code, module.__dict__)


def _in_a_fork(
    guard: Guard, seconds: float, memory: int, module: ModuleType, values: ModuleType, request: Any
) -> dict[str, Any]:
    reading, writing = os.pipe()
    fork = os.fork()
    if fork == 0:
        os.close(reading)

        def call() -> Any:
            given = [values.unpack(one) for one in request["values"]]
            return values.pack(getattr(module, request["hook"])(*given))

        with contextlib.suppress(BaseException):
            _send(writing, _try(guard, seconds, memory, call))
        os._exit(0)
    os.close(writing)
    answer = _until(reading, time.monotonic() + seconds + GRACE)
    os.close(reading)
    if answer is None:
        os.kill(fork, signal.SIGKILL)
    os.waitpid(fork, 0)
    if answer is None:
        return _error(f"it did not end within {seconds:g} s")
    if not answer:
        return _error("it ended without an answer, as a process that is out of memory does")
    found: dict[str, Any] = json.loads(answer[4:])
    return found


def _try(guard: Guard, seconds: float, memory: int, work: Any) -> dict[str, Any]:
    printed = Printed()
    sys.stdout = sys.stderr = printed
    frames: list[traceback.FrameSummary] = []
    before = resource.getrlimit(resource.RLIMIT_AS)
    limited = before[1] if before[1] != resource.RLIM_INFINITY else memory
    signal.signal(signal.SIGALRM, _too_long)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (min(memory, limited), before[1]))
        guard.up = True
        try:
            answer = {"answer": work(), "printed": printed.kept}
            if len(json.dumps(answer)) > LARGEST:
                return _error(f"its answer is longer than {LARGEST:,} bytes", printed=printed.kept)
            return answer
        finally:
            guard.up = False
            signal.setitimer(signal.ITIMER_REAL, 0)
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(resource.RLIMIT_AS, before)
    except TookTooLong as error:
        frames = traceback.extract_tb(error.__traceback__)
        sentence = f"it did not end within {seconds:g} s"
    except MemoryError as error:
        frames = traceback.extract_tb(error.__traceback__)
        sentence = f"it needed more than {memory // 1_000_000} MB of memory"
    except SyntaxError as error:
        return _error(f"{error.msg}", error.lineno or 0, printed.kept)
    except SystemExit as error:
        frames = traceback.extract_tb(error.__traceback__)
        sentence = "it tried to end the program"
    except BaseException as error:
        frames = traceback.extract_tb(error.__traceback__)
        sentence = f"{type(error).__name__}: {error}"[:1000]
    lines = [frame.lineno for frame in frames if frame.filename == FILE]
    return _error(sentence, (lines and lines[-1]) or 0, printed.kept)


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
