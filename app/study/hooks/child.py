"""The other side of pool.py: a process in which a study's hooks run. It gets values and gives values, by its pipes.

`python -I -S child.py hooks.py`: the standard library and networklab.py are all there is, and the argument is only what
Python is to call the hooks. The first message has their text and the limits, each further one a call. One without
content ends a turn, and so does a call with a space before it, when it is answered. All calls of one turn run in a fork
of its own, so that nothing stays of one room's for the next; it is made before it is needed, waits for its turn inside
its walls, and is ended when a call takes too long, takes too much memory or dies. Hooks that can keep nothing (pure.py)
are read anew for each turn instead, in a fork that has many turns, and of those many may come at once, a line for each.

What is refused here is told in a sentence, with its line: that is for mistakes. Code that means to get round it is held
by walls.py, as far as the system has walls. Nothing that comes from here is trusted on the other side.

More than 350 lines: whoever asks what happens to a hook reads it here from its first line to its last.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib.util
import io
import json
import os
import resource
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any, NamedTuple

FILE = sys.argv[1]
LARGEST = 1_000_000  # bytes of an answer
MOST_PRINTED = 2000  # characters that are kept
SLACK = 10_000  # and what is around it
NOTHING = b"\0\0\0\0"  # a message without content
ANSWERED = b'{"answer":'
LAST = b" "  # before a call after which nothing is asked in this turn
MANY = b"\n"  # before each of several calls, of which each is a turn of its own, and before what each came to
ENOUGH = 0.05  # seconds after which none of several is begun
GRACE = 0.5  # seconds more before a call that doesn't heed its alarm is given up, or a fork that does not end
AHEAD = 2  # forks that wait
MOST_TURNS = 1000  # of one fork
GROWN = 32_000_000  # bytes that a fork may have needed more than it was made with, to have another turn
IDLE = 0.02  # seconds after which one of them has time for a rehearsal
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
    begins = _message(inbox)
    if begins is None:
        return
    first = json.loads(begins)
    seconds, memory = first["seconds"], first["memory"]
    walls = _beside("walls")
    around = walls.Walls(memory, seconds)
    sys.addaudithook(_guard(walls.READABLE))
    _send(outbox, _written({"walls": around.names}))  # before hooks.py can say anything
    module, code = ModuleType("hooks"), list[CodeType]()
    outcome, loaded = _try(seconds, memory, lambda: _load(module, first["source"], code))
    _send(outbox, outcome)
    if not loaded:
        return

    def answer(unpacker: Any, hooks: ModuleType, body: bytes) -> bytes:
        request = json.loads(body)

        def call() -> Any:
            given = [unpacker.unpack(one) for one in request["values"]]
            return values.pack(getattr(hooks, request["hook"])(*given))

        return _try(seconds, memory, call)[0]

    rehearse = _settle(values, answer)

    def begin() -> Callable[[bytes], bytes]:
        return functools.partial(answer, values.Unpacker(), module)

    def begin_again() -> Callable[[bytes], bytes]:
        vars(module).clear()
        values.forget()
        vars(module)["__name__"] = "hooks"
        _, again = _try(seconds, memory, lambda: exec(code[0], vars(module)))
        if not again:
            raise RuntimeError
        return begin()

    life = Life(around.around_turn, rehearse, begin, begin_again if first.get("pure") else None)
    Forks(inbox, outbox, life, seconds).serve()


def _settle(values: ModuleType, answer: Callable[[Any, ModuleType, bytes], bytes]) -> Callable[[], None]:
    """What a fork does first in its life, and differently from then on, is done here, for it would copy all it touches.

    Python rewrites code that it has run a few times, and looks names up only once; and whoever looks for garbage
    touches all there is. What this returns, a fork that has nothing to do yet does once: the rest is copied before
    anybody waits for it.
    """
    room = values.Room(
        *("", "", 1, 1, "", 1, 1, (values.Seat(1, "", ""), values.Seat(2, "", ""))),
        ties=(values.Tie(1, 2),),
        all_said=tuple(values.Said("", nth, 1, name, values.Decimal(1)) for nth in (1, 2) for name in "ab"),
    )
    packer, hooks = values.Packer(), ModuleType("hooks")
    vars(hooks)["said"] = lambda room: {slot: room.said("a").get(slot) for slot in room.slots}
    rooms = [packer.pack(one) for one in (room, values.replace(room, round=2))]
    asked = [_written({"hook": "said", "values": [one]}) for one in rooms]

    def rehearse() -> None:
        unpacker = values.Unpacker()
        for body in asked:
            answer(unpacker, hooks, body)

    for _ in range(10):
        rehearse()
    gc.collect()
    gc.freeze()
    return rehearse


class Life(NamedTuple):
    """What a fork does, from when it is made."""

    enter: Callable[[], None]  # as it is made
    rehearse: Callable[[], None]  # if it has to wait then
    begin: Callable[[], Callable[[bytes], bytes]]  # gives what answers the calls of its first turn
    begin_again: Callable[[], Callable[[bytes], bytes]] | None  # … of each further one; None: it has none


class Fork:
    """A copy of this process that waits at its pipe. Nothing else leads to it, and from it nothing to anybody else."""

    def __init__(self, number: int, to: int, back: int) -> None:
        self.number, self.to, self.back = number, to, back
        self.turns = 1
        self.failed = False


class Forks:
    """One after the other: what comes is passed on to the turn's fork, and what that says is passed back."""

    def __init__(self, inbox: int, outbox: int, life: Life, seconds: float) -> None:
        self.inbox, self.outbox, self.life, self.seconds = inbox, outbox, life, seconds
        self.ahead: list[Fork] = []
        self.fork: Fork | None = None

    def serve(self) -> None:
        """Until the other side is gone, or is to end this process: what was started goes on all the same."""
        while True:
            if self.fork is None:
                self._fork_ahead()
            message = _message(self.inbox)
            if message is None:
                return
            if message and not self._ask(message):
                return
            if not message or message.startswith((LAST, MANY)):
                if not self._end_turn():
                    return
                _send(self.outbox, b"")

    def _ask(self, message: bytes) -> bool:
        if self.fork is None:
            self.fork = self.ahead.pop(0) if self.ahead else self._make()
        try:
            _send(self.fork.to, message)
            answer = _answer(self.fork.back, time.monotonic() + self.seconds + GRACE)
        except TookTooLong:
            _send(self.outbox, _error(f"it did not end within {self.seconds:g} s", lost=True))
            return False
        except OSError:
            answer = b""
        self.fork.turns += message.count(MANY)
        if answer:
            newest = answer.rfind(MANY, 4) + 1 or 4  # of several: after one that fails there is no other
            self.fork.failed = self.fork.failed or not answer.startswith(ANSWERED, newest)
            _write(self.outbox, answer)
            return True
        _send(self.outbox, _error("it ended without an answer, as a process that is out of memory does"))
        return self._end_turn()

    def _end_turn(self) -> bool:
        """Whether the fork is gone, with all that it knew of its room, or has forgotten it."""
        if self.fork is None:
            return True
        fork, self.fork = self.fork, None
        if self._goes_on(fork):
            self.ahead.insert(0, fork)
            return True
        os.close(fork.to)
        os.close(fork.back)
        signal.signal(signal.SIGALRM, _too_long)
        try:
            signal.setitimer(signal.ITIMER_REAL, GRACE)
            os.waitpid(fork.number, 0)
        except TookTooLong:
            return False
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        return True

    def _goes_on(self, fork: Fork) -> bool:
        """It has begun another turn. It does not where it has used up what one turn may: its walls count all."""
        if self.life.begin_again is None or fork.failed or fork.turns >= MOST_TURNS:
            return False
        fork.turns += 1
        try:
            _send(fork.to, b"")
            return _answer(fork.back, time.monotonic() + GRACE) == NOTHING
        except (TookTooLong, OSError):
            return False

    def _fork_ahead(self) -> None:
        """While nobody waits, or nobody could be asked."""
        with contextlib.suppress(OSError):  # whoever is not there is made when it is needed
            while len(self.ahead) < AHEAD:
                if self.ahead and select.select([self.inbox], [], [], 0)[0]:
                    return
                self.ahead.append(self._make())

    def _make(self) -> Fork:
        (asked, to), (back, said) = os.pipe(), os.pipe()
        number = os.fork()
        if number:
            os.close(asked)
            os.close(said)
            return Fork(number, to, back)
        try:
            others = [end for fork in self.ahead for end in (fork.to, fork.back)]
            for one in (self.inbox, self.outbox, to, back, *others):
                os.close(one)
            self.life.enter()
            before = _most_memory()
            if not select.select([asked], [], [], IDLE)[0]:
                self.life.rehearse()
            answer = self.life.begin()
            while (message := _message(asked)) is not None:
                if message.startswith(MANY):
                    _send(said, self._answer_each(message, answer, before))
                elif message:
                    _send(said, answer(message))
                elif self._may_go_on(before):
                    assert self.life.begin_again is not None
                    answer = self.life.begin_again()
                    _send(said, b"")
                else:
                    break
        finally:
            os._exit(0)

    def _may_go_on(self, before: int) -> bool:
        """Asked by a fork of itself: not by the clock, which goes on while others have the processors."""
        is_small = _most_memory() <= before + GROWN
        return self.life.begin_again is not None and is_small and time.process_time() <= self.seconds

    def _answer_each(self, message: bytes, answer: Callable[[bytes], bytes], before: int) -> bytes:
        """Of as many as are enough for once, each in a turn of its own; whoever asked asks for the others again.

        `before`: the memory that this fork was made with.
        """
        assert self.life.begin_again is not None
        said, until = b"", time.monotonic() + ENOUGH
        for call in message[1:].split(MANY):
            if said:
                answer = self.life.begin_again()
            one = answer(call)
            if said and len(said) + len(one) > LARGEST:
                break
            said += MANY + one
            is_well = one.startswith(ANSWERED) and _most_memory() <= before + GROWN
            if not is_well or time.monotonic() > until:
                break
        return said


def _answer(back: int, deadline: float) -> bytes:
    """With its length before it; nothing where the fork is gone. Raises TookTooLong."""
    found, size = b"", 4
    while len(found) < size:
        if not select.select([back], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise TookTooLong
        block = os.read(back, size - len(found) if len(found) >= 4 else 65536)
        if not block:
            return b""
        found += block
        if len(found) >= 4:
            size = 4 + int.from_bytes(found[:4], "big")
            if size > LARGEST + SLACK:
                return b""
    return found[:size]


def _guard(readable: tuple[str, ...]) -> Any:
    """Refuses files, network and other programs, for good: no audit hook can be removed, and this one has no switch.

    This process alone may fork, not what it forks.
    """
    writes = os.O_ACCMODE | os.O_CREAT | os.O_TRUNC
    home = os.getpid()

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
        if event.startswith(REFUSED) and not (event == "os.fork" and os.getpid() == home):
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


def _load(module: ModuleType, source: str, code: list[CodeType]) -> None:
    code.append(compile(source, FILE, "exec", dont_inherit=True))
    exec(code[0], module.__dict__)


def _most_memory() -> int:
    """Bytes of it that this process has had so far at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _try(seconds: float, memory: int, work: Any) -> tuple[bytes, bool]:
    """What it gives, as it is sent, or why it gives nothing; and whether it gave something."""
    printed = Printed()
    sys.stdout = sys.stderr = printed
    lines: list[int] = []
    before = resource.getrlimit(resource.RLIMIT_AS)
    limited = before[1] if before[1] != resource.RLIM_INFINITY else memory
    signal.signal(signal.SIGALRM, _too_long)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        _limit_memory((min(memory, limited), before[1]))
        try:
            answer = _written({"answer": work(), "printed": printed.kept})
            if len(answer) > LARGEST:
                return _error(f"its answer is longer than {LARGEST:,} bytes", printed=printed.kept), False
            return answer, True
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            _limit_memory(before)
    except TookTooLong as error:
        lines = _own_lines(error)
        sentence = f"it did not end within {seconds:g} s"
    except MemoryError as error:
        lines = _own_lines(error)
        sentence = f"it needed more than {memory // 1_000_000} MB of memory"
    except SyntaxError as error:
        return _error(f"{error.msg}", error.lineno or 0, printed.kept), False
    except SystemExit as error:
        lines = _own_lines(error)
        sentence = "it tried to end the program"
    except BaseException as error:
        lines = _own_lines(error)
        sentence = _sentence(error)
    return _error(sentence, (lines and lines[-1]) or 0, printed.kept), False


def _sentence(error: BaseException) -> str:
    """What it says. Its `__str__` may be the hook's own, and fail."""
    try:
        return f"{type(error).__name__}: {error}"[:1000]
    except Exception as another:
        return f"{type(error).__name__}, whose words could not be read: {type(another).__name__}"


def _limit_memory(limits: tuple[int, int]) -> None:
    with contextlib.suppress(ValueError, OSError):  # not every system has this limit
        resource.setrlimit(resource.RLIMIT_AS, limits)


def _own_lines(error: BaseException) -> list[int]:
    walked = traceback.walk_tb(error.__traceback__)
    return [line for frame, line in walked if frame.f_code.co_filename == FILE]


def _too_long(_signal: int, _frame: FrameType | None) -> None:
    raise TookTooLong


def _error(sentence: str, line: int = 0, printed: str = "", lost: bool = False) -> bytes:
    return _written({"error": sentence, "line": line, "printed": printed, "lost": lost})


def _message(inbox: int) -> bytes | None:
    """The next one; None at the end."""
    head = _exactly(inbox, 4)
    return None if head is None else _exactly(inbox, int.from_bytes(head, "big"))


def _exactly(inbox: int, size: int) -> bytes | None:
    found = b""
    while len(found) < size:
        block = os.read(inbox, size - len(found))
        if not block:
            return None
        found += block
    return found


def _written(message: Any) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode()


def _send(outbox: int, body: bytes) -> None:
    _write(outbox, len(body).to_bytes(4, "big") + body)


def _write(outbox: int, body: bytes) -> None:
    left = memoryview(body)
    while left:
        left = left[os.write(outbox, left) :]


if __name__ == "__main__":
    main()
