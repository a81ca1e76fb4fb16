"""The server's side of hooks: calls them in processes that run child.py, within limits of time and memory."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import struct
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from pprint import pformat
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from psycopg.types.json import Jsonb

from app.database import clock
from app.study.hooks.networklab import pack, unpack
from app.study.hooks.uses import HOOKS_FILE, line_of_answer
from app.study.hooks.walls import missing_walls
from app.study.model.study import Study

SECONDS = 1.0  # that one call may take
MEMORY = 256_000_000  # bytes that it may need, Python itself included
LOADING = 10.0  # seconds until a process that was started must have read the study's hooks, on a busy machine
LARGEST = 2_000_000  # bytes of an answer that are read at all
PATIENCE = 3.0  # seconds more than a call may take, before its process is given up
AT_ONCE = 3  # processes of one study, so that a hook that takes its time holds up no other room
RESTS = 60.0  # seconds without a call after which a process is ended
MOST_SHOWN = 4000  # characters of the values that a failing hook was given
WIDE = 110  # characters of a line of them
NO_ANSWER: Mapping[str, Any] = dict(answer=None, error="", line=0, printed="", lost=False, walls=[])
T = TypeVar("T")
_Answer = dict[str, Any]  # with the names of NO_ANSWER
logger = logging.getLogger(__name__)
CHILD = Path(__file__).with_name("child.py")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a hook could not decide: `line` of hooks.py (0: none in particular), what it was given, what it printed.

    The line is where it failed, or where it returned what it must not.
    """

    hook: str
    sentence: str
    line: int = 0
    values: str = ""
    printed: str = ""

    def as_json(self) -> Jsonb:
        """As a room or a lobby that it stopped has it, with the moment."""
        return Jsonb(asdict(self) | {"at": clock.now().isoformat()})

    def __str__(self) -> str:
        place = f"{HOOKS_FILE}:{self.line}" if self.line else HOOKS_FILE
        return f"{place}: `{self.hook}`: {self.sentence}"


class HookError(Exception):
    """A hook has not decided; nothing of what it should have decided is stored."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure))
        self.failure = failure


class Nonsense(Exception):
    """A hook returned what it must not; the text says what was expected."""


class Hooks:
    """Processes by study. A call takes one that is free; one that has failed to answer is never used again."""

    def __init__(self, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        self.seconds, self.memory = seconds, memory
        self.free: dict[str, list[_Child]] = {}
        self.walls: tuple[str, ...] | None = (
            None  # those around the processes here; None: none has been started
        )
        self.places: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def call(self, study: Study, hook: str, *values: Any) -> Any:
        """What the function `hook` of the study's hooks.py returns for these values. Raises HookError."""
        return await self.ask(study, hook, lambda answer: answer, *values)

    async def ask(self, study: Study, hook: str, read: Callable[[Any], T], *values: Any) -> T:
        """What the hook returns, read: by `read`, which raises Nonsense. Raises HookError."""
        source = study.files[HOOKS_FILE].decode("utf-8", "replace")
        async with self.places.setdefault(study.sha256, asyncio.Semaphore(AT_ONCE)):
            answer = await self._answer(study.sha256, source, hook, values)
        sentence, line = answer["error"], answer["line"]
        if not sentence:
            try:
                return read(unpack(answer["answer"]))
            except Nonsense as error:
                sentence = str(error)
            except (
                ValueError,
                TypeError,
                KeyError,
                ArithmeticError,
                AttributeError,
                RecursionError,
            ) as error:
                sentence = f"its answer is nothing that a hook can return ({error})"
        line = line or line_of_answer(study.files[HOOKS_FILE], hook)
        raise HookError(Failure(hook, _plain(sentence), line, _told(values), _plain(answer["printed"])))

    async def _answer(self, sha256: str, source: str, hook: str, values: tuple[Any, ...]) -> _Answer:
        free = self.free.get(sha256)
        child = free.pop() if free else None
        try:
            if child is None:
                child = _Child()
                loaded = await child.start(source, self.seconds, self.memory)
                self._tell_walls(child.walls)
                if loaded["error"]:
                    return loaded
            message = {"hook": hook, "values": [pack(value) for value in values]}
            answer = await child.ask(message, self.seconds + PATIENCE)
        except (TimeoutError, OSError, EOFError) as error:
            return {**NO_ANSWER, "error": f"its process was lost ({error or 'no answer'})"}
        else:
            if answer["lost"]:
                return answer
            child.used_at = time.monotonic()
            self.free.setdefault(sha256, []).append(child)
            child = None
            return answer
        finally:
            if child is not None:
                await child.end()

    @property
    def missing(self) -> list[str]:
        """Of the walls that this process could have put up, those that are not around its hooks."""
        return [] if self.walls is None else missing_walls(self.walls)

    def _tell_walls(self, walls: Sequence[str]) -> None:
        known, self.walls = self.walls, tuple(walls)
        if known is None and self.missing:
            logger.warning("hooks run here without some walls: %s (docs/hooks.md)", ", ".join(self.missing))

    async def retire(self, after: float = RESTS) -> None:
        """End the processes that were not called for so many seconds."""
        since = time.monotonic() - after
        resting = [one for children in self.free.values() for one in children if one.used_at <= since]
        awake = (
            (sha256, [one for one in children if one.used_at > since])
            for sha256, children in self.free.items()
        )
        self.free = {sha256: children for sha256, children in awake if children}
        for child in resting:
            await child.end()


class _Child:
    """What comes from it may be anything: hooks.py is somebody's code."""

    def __init__(self) -> None:
        self.process: asyncio.subprocess.Process | None = None
        self.used_at, self.walls = 0.0, list[str]()

    async def start(self, source: str, seconds: float, memory: int) -> _Answer:
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(CHILD), HOOKS_FILE),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={},
            cwd="/",
            start_new_session=True,  # which its forks can't leave
        )
        self.walls = (await self.ask(dict(source=source, seconds=seconds, memory=memory), LOADING))["walls"]
        async with asyncio.timeout(LOADING):
            return await self._receive()

    async def ask(self, message: Any, seconds: float) -> _Answer:
        """Raises TimeoutError, OSError or EOFError where no answer comes."""
        assert self.process and self.process.stdin
        body = json.dumps(message).encode()
        async with asyncio.timeout(seconds):
            self.process.stdin.write(struct.pack(">I", len(body)) + body)
            await self.process.stdin.drain()
            return await self._receive()

    async def _receive(self) -> _Answer:
        assert self.process and self.process.stdout
        size = struct.unpack(">I", await self.process.stdout.readexactly(4))[0]
        if size > LARGEST:
            raise EOFError("no answer")
        return _read(await self.process.stdout.readexactly(size))

    async def end(self) -> None:
        if self.process is not None:
            if self.process.stdin:
                self.process.stdin.close()
            if self.process.returncode is None:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.process.pid, signal.SIGKILL)
            await self.process.wait()


def _read(body: bytes) -> _Answer:
    try:
        found = json.loads(body)
        given = {name: found.get(name, default) for name, default in NO_ANSWER.items()}
    except (ValueError, RecursionError, AttributeError):
        raise EOFError("no answer") from None
    if any(type(given[name]) is not type(default) for name, default in NO_ANSWER.items() if name != "answer"):
        raise EOFError("no answer")
    return given


def _plain(text: str) -> str:
    """As Postgres and pages can hold it: without NUL, and without halves of characters."""
    return text[:MOST_SHOWN].encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def _told(values: tuple[Any, ...]) -> str:
    """As one writes them in Python, below each other."""
    text = "\n".join(pformat(value, width=WIDE, compact=True, sort_dicts=False) for value in values)
    return text if len(text) <= MOST_SHOWN else text[:MOST_SHOWN] + " …"
