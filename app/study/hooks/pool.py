"""The server's side of hooks: asks them in processes that run child.py, within limits of time and memory."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pprint import pformat
from types import TracebackType
from typing import Any, TypeVar
from weakref import WeakSet, WeakValueDictionary

from psycopg.types.json import Jsonb

from app.database import clock
from app.database.plain_json import dumps
from app.study.hooks.networklab import Packer, unpack
from app.study.hooks.processes import NO_ANSWER, Answer, HookProcess
from app.study.hooks.pure import keeps_nothing
from app.study.hooks.together import LOST, GroupCall
from app.study.hooks.uses import HOOKS_FILE, line_of_answer
from app.study.hooks.walls import missing_walls
from app.study.model.study import Study

SECONDS = 1.0  # that one call may take
MEMORY = 256_000_000  # bytes that a turn may need, Python itself included
PATIENCE = 3.0  # seconds more than a call may take, before its process is given up
AT_ONCE = 3  # processes of one study, so that a hook that takes its time holds up no other room
RESTS = 60.0  # seconds without a call after which a process is ended
MOST_SHOWN = 4000  # characters of the values that a failing hook was given
WIDE = 110  # characters of a line of them
T = TypeVar("T")
logger = logging.getLogger(__name__)


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
    """Processes by study. A turn takes one that is free; one that has failed to answer is never used again."""

    def __init__(self, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        self.seconds, self.memory = seconds, memory
        self.free: dict[str, list[HookProcess]] = {}
        self.started: dict[str, WeakSet[HookProcess]] = {}  # those that are free, and those in a turn
        self.warming = set[str]()  # studies whose processes are being started, or can't read their hooks
        self.walls: tuple[str, ...] | None = (
            None  # those around the processes here; None: none has been started
        )
        self.places: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self.ending = set[asyncio.Task[None]]()  # turns of which something may still be left
        self.together: dict[str, GroupCall] = {}  # by study, where its hooks can keep nothing

    def turn(self, study: Study) -> HookTurn:
        """All that one room asks while it is moved on: `async with hooks.turn(study) as turn`, `await turn.ask(…)`."""
        return HookTurn(self, study)

    async def call(self, study: Study, hook: str, *values: Any) -> Any:
        """What the function `hook` of the study's hooks.py returns for these values. Raises HookError."""
        return await self.ask(study, hook, lambda answer: answer, *values)

    async def ask(self, study: Study, hook: str, read: Callable[[Any], T], *values: Any) -> T:
        """A turn of one call: see `HookTurn.ask`."""
        async with self.turn(study) as turn:
            return await turn.ask(hook, read, *values, last=True)

    async def ask_together(self, study: Study, message: bytes) -> Answer:
        together = self.together.get(study.sha256)
        if together is None:
            together = GroupCall(partial(self._answer_each, study), partial(self._answer_alone, study))
            self.together[study.sha256] = together
        return await together.answer(message)

    def asks_together(self, study: Study) -> bool:
        """Whether what is asked at the same time goes on one way, each in a turn of its own: what keeps nothing."""
        return keeps_nothing(study.files.get(HOOKS_FILE, b"").decode("utf-8", "replace"))

    async def keep_warm(self, study: Study) -> None:
        """Have as many processes of the study as there may be, before it is asked. Call it again and again while it
        may be: else they are ended some time after their last call.
        """
        for process in self.free.get(study.sha256, ()):
            process.used_at = time.monotonic()
        if study.sha256 in self.warming:
            return
        self.warming.add(study.sha256)
        readable = True
        try:
            while readable and self._running(study.sha256) < AT_ONCE:
                process, loaded = await self._start(study)
                readable = not loaded["error"]  # who asks will hear it
                if readable:
                    self._set_free(study.sha256, process)
                else:
                    await process.end()
        except (TimeoutError, OSError, EOFError) as error:
            logger.warning("a process of hooks could not be started ahead: %s", error or "no answer")
        finally:
            if readable:
                self.warming.discard(study.sha256)

    @property
    def missing(self) -> list[str]:
        """Of the walls that this process could have put up, those that are not around its hooks."""
        return [] if self.walls is None else missing_walls(self.walls)

    async def settled(self) -> None:
        """Returns when nothing is left of any turn that is over."""
        while self.ending:
            await asyncio.wait(self.ending)

    async def retire(self, after: float = RESTS) -> None:
        """End the processes that were not called for so many seconds; without any, when all turns are at their end."""
        if not after:
            await self.settled()
        since = time.monotonic() - after
        resting = [one for found in self.free.values() for one in found if one.used_at <= since]
        self.together = {sha256: one for sha256, one in self.together.items() if one.is_busy}
        awake = (
            (sha256, [one for one in found if one.used_at > since]) for sha256, found in self.free.items()
        )
        self.free = {sha256: found for sha256, found in awake if found}
        self.started = {sha256: found for sha256, found in self.started.items() if self._running(sha256)}
        for process in resting:
            await process.end()

    async def _answer_each(self, study: Study, messages: Sequence[bytes]) -> list[Answer]:
        async with self.turn(study) as turn:
            return await turn.answer_each(messages)

    async def _answer_alone(self, study: Study, message: bytes) -> Answer:
        async with self.turn(study) as turn:
            return await turn.answer(message, last=True)

    async def _process(self, study: Study) -> tuple[HookProcess, Answer]:
        """One that nobody uses, and how it read the hooks. Raises what a HookProcess does."""
        free = self.free.get(study.sha256, [])
        while free:
            process = free.pop()
            if not process.is_lost:
                return process, dict(NO_ANSWER)
            await process.end()
        return await self._start(study)

    async def _start(self, study: Study) -> tuple[HookProcess, Answer]:
        process = HookProcess()
        self.started.setdefault(study.sha256, WeakSet()).add(process)
        try:
            source = study.files[HOOKS_FILE].decode("utf-8", "replace")
            loaded = await process.start(source, self.seconds, self.memory)
        except BaseException:
            await process.end()
            raise
        self._tell_walls(process.walls)
        return process, loaded

    def _running(self, sha256: str) -> int:
        return sum(not one.is_lost for one in self.started.get(sha256, ()))

    def _set_free(self, sha256: str, process: HookProcess) -> None:
        process.used_at = time.monotonic()
        self.free.setdefault(sha256, []).append(process)

    def _tell_walls(self, walls: Sequence[str]) -> None:
        known, self.walls = self.walls, tuple(walls)
        if known is None and self.missing:
            logger.warning("hooks run here without some walls: %s (docs/hooks.md)", ", ".join(self.missing))

    async def _end_turn(self, sha256: str, process: HookProcess, place: asyncio.Semaphore) -> None:
        """The process is free again when its fork is gone. Nobody waits for that but who needs the process."""
        ended = False
        try:
            await process.end_turn(PATIENCE)
            ended = True
        except (TimeoutError, OSError, EOFError):
            pass
        finally:
            if ended:
                self._set_free(sha256, process)
            else:
                await process.end()
            place.release()


class HookTurn:
    """What one room asks, by one fork: what a hook of it kept, the next one of the same turn may find, and nobody else.

    A fork that failed is asked no more: what is asked after that has another one. It holds one of the study's few
    processes from its first question on, so nobody waits for a second turn within one.
    """

    def __init__(self, hooks: Hooks, study: Study) -> None:
        self.hooks, self.study = hooks, study
        self.process: HookProcess | None = None
        self.place: asyncio.Semaphore | None = None
        self.packer = Packer()

    async def __aenter__(self) -> HookTurn:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None or issubclass(kind, Exception):
            self._end()
        else:
            await self._give_up()

    async def ask(self, hook: str, read: Callable[[Any], T], *values: Any, last: bool = False) -> T:
        """What the hook returns for these values, read: by `read`, which raises Nonsense. Raises HookError.

        `last`: the turn asks nothing after this.
        """
        together = self.hooks.asks_together(self.study)  # it could find nothing of what came before
        pack = self.packer.whole if together else self.packer.pack
        message = dumps({"hook": hook, "values": [pack(value) for value in values]})
        if together:
            answer = await self.hooks.ask_together(self.study, message)
        else:
            answer = await self.answer(message, last)
        return judged(self.study, hook, values, answer, read)

    async def answer(self, message: bytes, last: bool) -> Answer:
        """What a call comes to, or why to nothing."""
        try:
            if loaded := await self._begin():
                return loaded
            assert self.process is not None
            answer = await self.process.ask(message, self.hooks.seconds + PATIENCE, last)
        except LOST as error:
            await self._give_up()
            return {**NO_ANSWER, "error": f"its process was lost ({error or 'no answer'})"}
        if answer["lost"]:
            await self._give_up()
        elif answer["error"]:
            self._end()
        return answer

    async def answer_each(self, messages: Sequence[bytes]) -> list[Answer]:
        """See `HookProcess.ask_each`; it is all of the turn."""
        try:
            if loaded := await self._begin():
                return [loaded] * len(messages)
            assert self.process is not None
            return await self.process.ask_each(messages, self.hooks.seconds + PATIENCE)
        except LOST:
            await self._give_up()
            raise

    async def _begin(self) -> Answer | None:
        """Have a process; or why that can't be asked anything. Raises one of `LOST`."""
        if self.place is None:
            place = self.hooks.places.setdefault(self.study.sha256, asyncio.Semaphore(AT_ONCE))
            await place.acquire()
            self.place = place
        if self.process is None:
            self.process, loaded = await self.hooks._process(self.study)
            if loaded["error"]:
                await self._give_up()
                return loaded
        return None

    def _end(self) -> None:
        """Whoever comes next may have the process, as soon as it has ended its fork."""
        process, place = self._leave()
        if process is not None and place is not None:
            task = asyncio.create_task(self.hooks._end_turn(self.study.sha256, process, place))
            self.hooks.ending.add(task)
            task.add_done_callback(self.hooks.ending.discard)
        elif place is not None:
            place.release()

    async def _give_up(self) -> None:
        process, place = self._leave()
        try:
            if process is not None:
                await process.end()
        finally:
            if place is not None:
                place.release()

    def _leave(self) -> tuple[HookProcess | None, asyncio.Semaphore | None]:
        process, place = self.process, self.place
        self.process, self.place, self.packer = None, None, Packer()
        return process, place


def judged(study: Study, hook: str, values: Sequence[Any], answer: Answer, read: Callable[[Any], T]) -> T:
    """What the hook has said, read by `read`. Raises HookError."""
    sentence, line = answer["error"], answer["line"]
    if not sentence:
        try:
            return read(unpack(answer["answer"]))
        except Nonsense as error:
            sentence = str(error)
        except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError) as error:
            sentence = f"its answer is nothing that a hook can return ({error})"
    line = line or line_of_answer(study.files[HOOKS_FILE], hook)
    raise HookError(Failure(hook, _plain(sentence), line, _told(values), _plain(answer["printed"])))


def _plain(text: str) -> str:
    """As Postgres and pages can hold it: without NUL, and without halves of characters."""
    return text[:MOST_SHOWN].encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def _told(values: Sequence[Any]) -> str:
    """As one writes them in Python, below each other."""
    text = "\n".join(pformat(value, width=WIDE, compact=True, sort_dicts=False) for value in values)
    return text if len(text) <= MOST_SHOWN else text[:MOST_SHOWN] + " …"
