"""A process in which a study's hooks run, as the server has it: child.py at the other end of a socket.

Messages go both ways, each with its length before it. One without content ends a turn; it comes back when nothing is
left of that. After a call with a space before it, the turn's last, it comes back by itself; so it does after several, a
line for each, of which each is a turn. Whatever else comes may be anything: hooks.py is somebody's code.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from app.database.plain_json import dumps, loads
from app.study.hooks.pure import keeps_nothing
from app.study.hooks.uses import HOOKS_FILE

CHILD = Path(__file__).with_name("child.py")
LOADING = 10.0  # seconds until a process that was started must have read the study's hooks, on a busy machine
LARGEST = 2_000_000  # bytes of an answer that are read at all
LAST, MANY = b" ", b"\n"  # before a message
NO_ANSWER: Mapping[str, Any] = dict(answer=None, error="", line=0, printed="", lost=False, walls=[])
Answer = dict[str, Any]  # with the names of NO_ANSWER


class HookProcess(asyncio.Protocol):
    """What it is asked raises TimeoutError, OSError or EOFError where no answer comes; it is to be ended then."""

    def __init__(self) -> None:
        self.process: asyncio.subprocess.Process | None = None
        self.transport: asyncio.WriteTransport | None = None
        self.coming, self.came = bytearray(), deque[bytes]()
        self.awaited: asyncio.Future[bytes] | None = None
        self.is_lost = self.ends_turn = False
        self.used_at, self.walls = 0.0, list[str]()

    async def start(self, source: str, seconds: float, memory: int) -> Answer:
        """How reading the hooks went."""
        ours, theirs = socket.socketpair()
        try:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", str(CHILD), HOOKS_FILE),
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=asyncio.subprocess.DEVNULL,
                env={"LD_BIND_NOW": "1"},  # what is looked up once needs no page of its own in each fork
                cwd="/",
                start_new_session=True,  # which its forks can't leave
            )
            ours.setblocking(False)
            await asyncio.get_running_loop().create_unix_connection(lambda: self, sock=ours)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        async with asyncio.timeout(LOADING):
            first = dict(source=source, seconds=seconds, memory=memory, pure=keeps_nothing(source))
            self._send(dumps(first))
            self.walls = _read(await self._receive())["walls"]
            return _read(await self._receive())

    async def ask(self, message: bytes, seconds: float, last: bool = False) -> Answer:
        """`last`: of this turn."""
        return _read(await self._ask(LAST + message if last else message, seconds, last))

    async def ask_each(self, messages: Sequence[bytes], seconds: float) -> list[Answer]:
        """Of hooks that can keep nothing: each in a turn of its own, as many as it got to, and at least one.

        It raises EOFError where one of them has brought down what was to answer them all.
        """
        body = await self._ask(MANY + MANY.join(messages), seconds, last=True)
        answers = [_read(one) for one in body[1:].split(MANY)]
        if not body.startswith(MANY) or len(answers) > len(messages):
            raise EOFError("no answer")
        return answers

    async def _ask(self, message: bytes, seconds: float, last: bool) -> bytes:
        if self.came or self.ends_turn:
            raise EOFError("it spoke unasked")
        self.ends_turn = last
        self._send(message)
        async with asyncio.timeout(seconds):
            return await self._receive()

    async def end_turn(self, seconds: float) -> None:
        """Whoever was asked since the last time is gone when this returns, with all that it knew."""
        if not self.ends_turn:
            self._send(b"")
        async with asyncio.timeout(seconds):
            if await self._receive():
                raise EOFError("no end")
        self.ends_turn = False

    async def end(self) -> None:
        self.is_lost = True
        if self.transport is not None:
            self.transport.abort()
        if self.process is not None:
            if self.process.returncode is None:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.process.pid, signal.SIGKILL)
            await self.process.wait()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.coming += data
        while len(self.coming) >= 4:
            size = int.from_bytes(self.coming[:4], "big")
            if size > LARGEST:
                self._lose()
                return
            if len(self.coming) < 4 + size:
                return
            self.came.append(bytes(self.coming[4 : 4 + size]))
            del self.coming[: 4 + size]
            if self.awaited is not None and not self.awaited.done():
                self.awaited.set_result(self.came.popleft())

    def connection_lost(self, error: Exception | None) -> None:
        self._lose()

    def _lose(self) -> None:
        self.is_lost = True
        if self.transport is not None:
            self.transport.abort()
        if self.awaited is not None and not self.awaited.done():
            self.awaited.set_exception(EOFError("no answer"))

    def _send(self, body: bytes) -> None:
        if self.is_lost or self.transport is None:
            raise EOFError("no answer")
        self.transport.write(len(body).to_bytes(4, "big") + body)

    async def _receive(self) -> bytes:
        if self.came:
            return self.came.popleft()
        if self.is_lost:
            raise EOFError("no answer")
        self.awaited = asyncio.get_running_loop().create_future()
        try:
            return await self.awaited
        finally:
            self.awaited = None


def _read(body: bytes) -> Answer:
    try:
        found = loads(body)
        given = {name: found.get(name, default) for name, default in NO_ANSWER.items()}
    except (ValueError, RecursionError, AttributeError):
        raise EOFError("no answer") from None
    if any(type(given[name]) is not type(default) for name, default in NO_ANSWER.items() if name != "answer"):
        raise EOFError("no answer")
    return given
