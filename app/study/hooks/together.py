"""Calls that come at the same time, of hooks that can keep nothing: they go to a process on one way, and come back so.

Most of what a call costs is its way there and back, by three processes. Each is a turn of its own all the same: read
anew, within its own limits, and after one that fails the others are asked again. So what comes of a call is what it
would come to by itself. Under load more go together, and each costs less. Where they take their time, fewer do: what
a process has not got to goes to those that are free.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from app.study.hooks.processes import Answer

LOST = (TimeoutError, OSError, EOFError)  # a process that does not answer
MOST, LARGEST = 32, 250_000  # calls that go together, and bytes
SOON = 0.01  # seconds after which another process is asked too: these hooks take their time
Waiting = tuple[bytes, asyncio.Future[Answer]]


class GroupCall:
    """`each(messages)` gives what the first ones come to, at least one, or raises one of `LOST`; `alone(message)`
    what one comes to."""

    def __init__(
        self,
        each: Callable[[Sequence[bytes]], Awaitable[list[Answer]]],
        alone: Callable[[bytes], Awaitable[Answer]],
    ) -> None:
        self.each, self.alone = each, alone
        self.waiting: deque[Waiting] = deque()
        self.asked = set[asyncio.Task[None]]()
        self.timer: asyncio.Handle | None = None
        self.most = MOST  # … or as many as one got to, the last time that it did not get to all of them

    @property
    def is_busy(self) -> bool:
        return bool(self.waiting or self.asked)

    def answer(self, message: bytes) -> asyncio.Future[Answer]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        self.waiting.append((message, future))
        if self.timer is None:
            # Whoever else is about to ask comes along.
            self.timer = loop.call_later(SOON, self._begin) if self.asked else loop.call_soon(self._begin)
        return future

    def _begin(self) -> None:
        self.timer = None
        if self.waiting:
            task = asyncio.create_task(self._ask(self._take()))
            self.asked.add(task)
            task.add_done_callback(self._done)
            if self.waiting:
                self.timer = asyncio.get_running_loop().call_later(SOON, self._begin)

    def _done(self, task: asyncio.Task[None]) -> None:
        self.asked.discard(task)
        if self.timer is not None:
            self.timer.cancel()
        self._begin()

    def _take(self) -> list[Waiting]:
        taken, size = list[Waiting](), 0
        while self.waiting and len(taken) < self.most and size < LARGEST:
            message, future = self.waiting.popleft()
            if not future.done():  # else nobody waits for it any more
                taken.append((message, future))
                size += len(message)
        return taken

    async def _ask(self, calls: list[Waiting]) -> None:
        if not calls:
            return
        try:
            answers = await self.each([message for message, _ in calls])
            for (_, future), answer in zip(calls, answers, strict=False):
                _tell(future, answer)
            calls, left = calls[: len(answers)], calls[len(answers) :]
            self.most = len(answers) if left else min(MOST, 2 * self.most)
            self.waiting.extendleft(reversed(left))
        except LOST:  # by one of them: that one is to fail by itself
            await asyncio.gather(*(self._ask_alone(*call) for call in calls if not call[1].done()))
        except Exception as error:
            for _, future in calls:
                _fail(future, error)
        finally:
            for _, future in calls:
                future.cancel()

    async def _ask_alone(self, message: bytes, future: asyncio.Future[Answer]) -> None:
        try:
            _tell(future, await self.alone(message))
        except Exception as error:
            _fail(future, error)


def _tell(future: asyncio.Future[Answer], answer: Answer) -> None:
    if not future.done():
        future.set_result(answer)


def _fail(future: asyncio.Future[Answer], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
