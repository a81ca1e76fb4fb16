"""A troupe: many bots, spread over processes of their own, so that none of them holds up another's clock."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe
from multiprocessing.process import BaseProcess
from typing import Any, ClassVar, NamedTuple

import uvloop

from app.rehearsal.bots import Bot
from app.rehearsal.counts import Counts
from app.rehearsal.diary import Diary
from app.rehearsal.habits import Habits
from app.rehearsal.own_bot import Insight
from app.rehearsal.programs import families_cpu
from app.study.hooks.pool import Hooks
from app.study.model.study import Study
from app.web.processes import allow_many_connections

BEAT = 0.5  # seconds between two words of a process
HERE = 0.5  # seconds from when all are there until they begin
DIED = "A process of the rehearsal died; there may be too little memory."
# What they need is imported once, and each is a fork of the process that has.
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload([__name__])


class Part(NamedTuple):
    """One player to play."""

    token: str
    label: str
    habits: Habits
    way: str = ""  # none: a link of their own


@dataclass(frozen=True, slots=True)
class Job:
    """What one process of the troupe has to do."""

    base: str
    study: Study
    parts: tuple[Part, ...]
    speed: float
    records: int
    seed: str
    patience: float
    session_id: str
    url: str | None  # of the database; None: it is out of reach


@dataclass(slots=True)
class Heard:
    """What all processes of a troupe have said so far, together."""

    players: int
    came: int = 0
    playing: int = 0
    alone: int = 0  # at solo steps
    done: int = 0
    over: int = 0  # done, or gone without a word
    records: int = 0
    messages: int = 0
    busy: int = 0
    acts: Counter[str] = field(default_factory=Counter)  # forms that were answered, by kind
    latencies: list[float] = field(default_factory=list)  # of the last word
    lag: float = 0.0  # seconds by which the bots themselves were late, the worst of the last words
    diaries: list[Diary] = field(default_factory=list)  # at the end


class Troupe:
    """Start it with `on_stage` and `begin`, ask `listen` now and then, and `leave` at the end: then the diaries are
    there.
    """

    process: ClassVar[Callable[..., BaseProcess]] = _forks.Process

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.jobs = jobs
        self.heard = Heard(sum(len(job.parts) for job in jobs))
        self._words: dict[int, tuple[Counts, float]] = {}
        self._pipes: list[Pipe] = []
        self._processes: list[BaseProcess] = []

    @contextmanager
    def on_stage(self) -> Iterator[Troupe]:
        for job in self.jobs:
            ours, theirs = _forks.Pipe()
            process = self.process(target=play, args=(job, theirs), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)
        try:
            yield self
        finally:
            for process in self._processes:
                process.kill()
                process.join()

    def begin(self) -> float:
        """Wait until all processes are there, which takes the first of them seconds, and have them begin together.

        Returns when that is, on the monotonic clock. Raises RuntimeError where a process has died.
        """
        for pipe in self._pipes:
            _word(pipe)
        starts_at = time.monotonic() + HERE
        for pipe in self._pipes:
            pipe.send(starts_at)
        return starts_at

    def listen(self) -> Heard:
        """What they have said since the last time; returns at once."""
        heard = self.heard
        heard.latencies, heard.lag = [], 0.0
        for number, pipe in enumerate(self._pipes):
            while not heard.diaries and pipe.poll():
                self._hear(number, pipe)
        words = self._words.values()
        for name in ("came", "playing", "alone", "done", "over", "records", "messages", "busy"):
            setattr(heard, name, sum(getattr(counts, name) for counts, _ in words))
        heard.acts = sum((counts.acts for counts, _ in words), Counter())
        return heard

    def cpu(self) -> dict[int, float]:
        """Seconds of a processor that each process has used, with the programs that hooks run in."""
        return families_cpu([process.pid for process in self._processes if process.pid])

    def leave(self) -> list[Diary]:
        """Tell all to stop, and take their diaries. Raises RuntimeError where a process has died."""
        for pipe in self._pipes:
            pipe.send("stop")
        diaries: list[Diary] = []
        for number, pipe in enumerate(self._pipes):
            found = None
            while found is None:
                found = self._hear(number, pipe)
            diaries += found
        self.heard.diaries = diaries
        return diaries

    def _hear(self, number: int, pipe: Pipe) -> list[Diary] | None:
        word = _word(pipe)
        if isinstance(word, list):
            return word
        counts, lag = self._words[number] = word
        self.heard.latencies += counts.latencies
        self.heard.lag = max(self.heard.lag, lag)
        return None


def _word(pipe: Pipe) -> Any:
    """What a process says next. Raises RuntimeError where it has died."""
    try:
        return pipe.recv()
    except EOFError:
        raise RuntimeError(DIED) from None


def play(job: Job, pipe: Pipe) -> None:
    """What a process of a troupe runs."""
    allow_many_connections()
    with suppress(KeyboardInterrupt):  # the parent ends
        uvloop.run(_play(job, pipe))


async def _play(job: Job, pipe: Pipe) -> None:
    counts, hooks = Counts(), Hooks()
    insight = Insight(job.url, job.session_id, hooks) if job.url else None
    bots = [
        Bot(
            job.base,
            part.token,
            job.study,
            part.habits,
            part.label,
            job.speed,
            job.records,
            f"{job.seed}/{part.label}",
            counts,
            job.patience,
            hooks,
            part.way,
            insight,
        )
        for part in job.parts
    ]
    pipe.send("here")
    starts_at = pipe.recv()
    stopped = asyncio.create_task(asyncio.to_thread(pipe.recv))
    await asyncio.sleep(max(0.0, starts_at - time.monotonic()))
    tasks = [asyncio.create_task(bot.play()) for bot in bots]
    while not stopped.done():
        due = time.monotonic() + BEAT
        await asyncio.wait([stopped], timeout=BEAT)
        lag = 0.0 if stopped.done() else time.monotonic() - due
        pipe.send((counts, lag))
        counts.latencies.clear()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    await hooks.retire(0)
    for bot, task in zip(bots, tasks, strict=True):
        if not task.cancelled() and (error := task.exception()):
            bot.diary.wrong(0, f"the bot itself failed: {error!r}")
        bot.diary.code = bot.page.code
    pipe.send([bot.diary for bot in bots])
