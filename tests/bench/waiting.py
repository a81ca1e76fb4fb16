"""Pages that stand open in a lobby, by the thousand, in a process of their own."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe

import uvloop

from app.web.processes import allow_many_connections
from app.web.streams import QUIET
from tests.bench.client import Connection, LivePage, connect, get, post
from tests.bench.figure import WrongAnswer

_new = multiprocessing.get_context("spawn")
AT_ONCE = 50
LOOK = 1.0  # seconds between two looks at who has heard something
UNHEARD = 3 * QUIET  # seconds after which a page takes its stream for dead; static/js/connection.js


@dataclass(slots=True)
class Waited:
    """What became of the pages."""

    ended: int = 0  # streams that ended before we ended them
    longest: float = 0.0  # seconds for which one of them heard nothing
    late: int = 0  # of them that heard nothing for so long that a browser would have connected anew


@dataclass(slots=True)
class Room:
    """Those who wait: where they come in, and with which tokens."""

    base: str
    tokens: Sequence[str]


@dataclass(slots=True)
class Lobby:
    pid: int
    waited: list[Waited] = field(default_factory=list)  # once it is over


@contextmanager
def pages_in_lobbies(rooms: Sequence[Room], entry: Mapping[str, str]) -> Iterator[Lobby]:
    """All of them are open inside. Raises WrongAnswer where one does not come in."""
    ours, theirs = _new.Pipe()
    process = _new.Process(target=_hold, args=(theirs, rooms, entry), daemon=True)
    process.start()
    theirs.close()
    assert process.pid is not None
    lobby = Lobby(process.pid)
    try:
        _hear(ours)
        yield lobby
        ours.send("over")
        waited = _hear(ours)
        assert isinstance(waited, Waited)
        lobby.waited.append(waited)
    finally:
        process.kill()
        process.join()


def _hear(pipe: Pipe) -> object:
    try:
        said: object = pipe.recv()
    except EOFError:
        raise WrongAnswer("the pages in the lobby have ended without a word") from None
    if isinstance(said, Exception):
        raise said
    return said


def _hold(pipe: Pipe, rooms: Sequence[Room], entry: Mapping[str, str]) -> None:
    allow_many_connections()
    try:
        pipe.send(uvloop.run(_held(pipe, rooms, entry)))
    except (ConnectionError, WrongAnswer) as error:
        pipe.send(WrongAnswer(str(error)))


class WaitingPage(LivePage):
    heard = 0.0  # when anything came, on the clock of time.monotonic()
    longest = 0.0  # seconds without

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        if self.heard:
            self.longest = max(self.longest, now - self.heard)
        self.heard = now
        super().data_received(data)


async def _held(pipe: Pipe, rooms: Sequence[Room], entry: Mapping[str, str]) -> Waited:
    shares = [(room.base, room.tokens[nth::AT_ONCE]) for room in rooms for nth in range(AT_ONCE)]
    found = await asyncio.gather(*(_come(base, tokens, entry) for base, tokens in shares))
    pages = [page for share in found for page in share]
    gc.collect()
    gc.freeze()
    pipe.send("here")
    await asyncio.to_thread(pipe.recv)
    now = time.monotonic()
    longest = [max(page.longest, now - page.heard) for page in pages]
    waited = Waited(
        sum(page.ended for page in pages), max(longest, default=0.0), sum(one > UNHEARD for one in longest)
    )
    for page in pages:
        page.close()
    return waited


async def _come(base: str, tokens: Sequence[str], entry: Mapping[str, str]) -> list[WaitingPage]:
    connection, pages = await connect(base, Connection), []
    for token in tokens:
        reply = await connection.ask(post(base, f"/join/{token}", entry))
        if reply.status != 303 or not reply.cookie:
            raise WrongAnswer(f"sign-in answered {reply.status}: {reply.body.decode()[:300]}")
        request = get(base, "/play/live", reply.cookie, "text/event-stream")
        page = await connect(base, lambda request=request: WaitingPage(request, lambda message, now: None))  # type: ignore[misc]
        await page.opened
        pages.append(page)
    connection.close()
    return pages
