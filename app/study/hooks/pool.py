"""The server's side of hooks: calls them in processes that run child.py, within limits of time and memory."""

from __future__ import annotations

import asyncio
import json
import struct
import sys
import time
from collections.abc import Callable
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
from app.study.model.study import Study

SECONDS = 1.0  # that one call may take
MEMORY = 256_000_000  # bytes that it may need, Python itself included
LOADING = 10.0  # seconds until a process that was started must have read the study's hooks, on a busy machine
PATIENCE = 3.0  # seconds more than a call may take, before its process is given up
AT_ONCE = 3  # processes of one study, so that a hook that takes its time holds up no other room
RESTS = 60.0  # seconds without a call after which a process is ended
MOST_SHOWN = 4000  # characters of the values that a failing hook was given
WIDE = 110  # characters of a line of them
T = TypeVar("T")
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
        self.places: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def call(self, study: Study, hook: str, *values: Any) -> Any:
        """What the function `hook` of the study's hooks.py returns for these values. Raises HookError."""
        return await self.ask(study, hook, lambda answer: answer, *values)

    async def ask(self, study: Study, hook: str, read: Callable[[Any], T], *values: Any) -> T:
        """What the hook returns, read: by `read`, which raises Nonsense. Raises HookError."""
        source = study.files[HOOKS_FILE].decode("utf-8", "replace")
        async with self.places.setdefault(study.sha256, asyncio.Semaphore(AT_ONCE)):
            answer = await self._answer(study.sha256, source, hook, values)
        sentence, line = answer.get("error", ""), answer.get("line", 0)
        if not sentence:
            try:
                return read(unpack(answer["answer"]))
            except Nonsense as error:
                sentence = str(error)
            except (ValueError, TypeError, KeyError, ArithmeticError) as error:
                sentence = f"its answer is nothing that a hook can return ({error})"
        line = line or line_of_answer(study.files[HOOKS_FILE], hook)
        raise HookError(Failure(hook, sentence, line, _told(values), answer["printed"]))

    async def _answer(self, sha256: str, source: str, hook: str, values: tuple[Any, ...]) -> dict[str, Any]:
        free = self.free.get(sha256)
        child = free.pop() if free else None
        try:
            if child is None:
                child = _Child()
                loaded = await child.start(source, self.seconds, self.memory)
                if "error" in loaded:
                    return loaded
            message = {"hook": hook, "values": [pack(value) for value in values]}
            answer = await child.ask(message, self.seconds + PATIENCE)
        except (TimeoutError, OSError, EOFError) as error:
            return {"error": f"its process was lost ({error or 'no answer'})", "line": 0, "printed": ""}
        else:
            child.used_at = time.monotonic()
            self.free.setdefault(sha256, []).append(child)
            child = None
            return answer
        finally:
            if child is not None:
                await child.end()

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
    def __init__(self) -> None:
        self.process: asyncio.subprocess.Process | None = None
        self.used_at = 0.0

    async def start(self, source: str, seconds: float, memory: int) -> dict[str, Any]:
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(CHILD), HOOKS_FILE),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={},
            cwd="/",
        )
        return await self.ask({"source": source, "seconds": seconds, "memory": memory}, LOADING)

    async def ask(self, message: Any, seconds: float) -> dict[str, Any]:
        """Raises TimeoutError, OSError or EOFError where no answer comes."""
        assert self.process and self.process.stdin and self.process.stdout
        body = json.dumps(message).encode()
        async with asyncio.timeout(seconds):
            self.process.stdin.write(struct.pack(">I", len(body)) + body)
            await self.process.stdin.drain()
            size = struct.unpack(">I", await self.process.stdout.readexactly(4))[0]
            answer: dict[str, Any] = json.loads(await self.process.stdout.readexactly(size))
        return answer

    async def end(self) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()


def _told(values: tuple[Any, ...]) -> str:
    """As one writes them in Python, below each other."""
    text = "\n".join(pformat(value, width=WIDE, compact=True, sort_dicts=False) for value in values)
    return text if len(text) <= MOST_SHOWN else text[:MOST_SHOWN] + " …"
