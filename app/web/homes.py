"""Homes: of the server processes of one host, the one in which a room is at home.

There its moves are stored and handled, and there its pages are drawn: its log is read once, and its board drawn once,
for all of them, and nobody else thinks about the same moves. The others hand over what comes to them: a move as they
have read it, and a page's stream with the connection that it is on. No truth hangs on that. Whoever gets no answer does
what was asked by themselves, as a process on another host does; what is done twice is stored once.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count

import msgspec

from app.database.group_commit import Busy
from app.rooms.awaited import Coming
from app.rooms.handling import MoveOutcome
from app.rooms.messages import TooFast
from app.rooms.moves import NewMove, Refusal
from app.rooms.receipts import Receipt
from app.web.processes import GONE

BEAT = 0.5  # seconds between two signs of life to the others
MISSED = 4  # of them, after which one stands still, and has nothing handed over until it is heard of again
PATIENCE = 5.0  # seconds until a move is stored here that was handed over to one that lives
FRESH = 4.0  # … that it may have been on its way: by what was said here of an older one its maker may have gone on
AGAIN = 0.1  # seconds between two tries to tell what came of a move to one that does not keep up
LARGEST = 65_536  # bytes of what is handed over
AT_ONCE = 32  # of that which are taken in one go, before anything else has its turn
Stored = Receipt | Refusal | TooFast


class Here(msgspec.Struct, tag=True, array_like=True):
    """A process that takes what is handed over, each `BEAT`. `asks`: it has just come, and does not know the others."""

    nth: int
    pid: int
    asks: bool


class HandedOver(msgspec.Struct, tag=True, array_like=True):
    """A move that has come to process `by`, which waits for what comes of it, as long as `to` has it.

    `to`: that one's number for the system. `at`: by the clock that the processes of a host share. `cluster`: the
    database that its session is in, where there are several.
    """

    by: int
    number: int
    session_id: str
    move: NewMove
    to: int
    at: float
    cluster: str = ""


class Came(msgspec.Struct, tag=True, array_like=True):
    """What came of it; of the three that it may be stored as none where whoever asks is to do it."""

    number: int
    receipt: Receipt | None = None
    refusal: Refusal | None = None
    too_fast: TooFast | None = None
    outcome: MoveOutcome | None = None  # None: not known yet

    @property
    def stored(self) -> Stored | None:
        return self.receipt or self.refusal or self.too_fast


class Passed(msgspec.Struct, tag=True, array_like=True):
    """The head of the request for a stream; its connection comes with it."""

    head: bytes


Heard = Here | HandedOver | Came | Passed


@dataclass(frozen=True, slots=True)
class _Waiting:
    future: asyncio.Future[Stored | Came]
    cluster: str
    move: NewMove
    since: float
    home: tuple[int, int]  # who was asked: which of the processes, and its number for the system


class Homes:
    """`nth` of the processes is this one; `ways`: see `processes.Ways.of`; none where there is no other.

    `store`, `handled` and `take_over` are to be set before it runs: what stores a move, what tells what comes of it,
    and what goes on with a stream, by the head of its request and the descriptor of its connection.
    """

    def __init__(self, nth: int = 0, ways: Sequence[socket.socket] = ()) -> None:
        self.nth, self.pid = nth, os.getpid()
        self.inlet = ways[0] if ways else None
        self.outlets = ways[1:]
        # A move in this one of several databases; what comes of one there, by its session, room and record.
        self.store: Callable[[str, NewMove], asyncio.Future[Stored]]
        self.handled: Callable[[str, str, int, int], Coming]
        self.take_over: Callable[[bytes, int], None] = lambda _, descriptor: os.close(descriptor)
        self.here: dict[int, int] = {}  # the others that are there, and their numbers for the system
        self.missed: dict[int, int] = {}  # how many beats in a row nothing came from each of those
        self.asked: dict[int, _Waiting] = {}
        # Not those of a process that had this place before: what came of its moves may be told yet.
        self.numbers = count(time.time_ns())
        self.serving = asyncio.Event()  # to be set: from then on this one takes what is handed over
        self.encoder, self.decoder = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(Heard)

    def elsewhere(self, room_id: int) -> int | None:
        """Which of the others has this room; None where it is at home here, or that one is not there."""
        home = room_id % max(1, len(self.outlets))
        return home if home in self.here else None

    def make(self, session_id: str, move: NewMove, cluster: str = "") -> asyncio.Future[Stored | Came]:
        """Have a move stored where its room is at home; here it is only stored. Raises `Busy`."""
        home, number, now = self.elsewhere(move.room_id), next(self.numbers), time.monotonic()
        if home is None:
            return self.store(cluster, move)  # type: ignore[return-value]
        asked = HandedOver(self.nth, number, session_id, move, self.here[home], now, cluster)
        if not self._tell(home, asked):
            return self.store(cluster, move)  # type: ignore[return-value]
        future: asyncio.Future[Stored | Came] = asyncio.get_running_loop().create_future()
        self.asked[number] = _Waiting(future, cluster, move, now, (home, asked.to))
        return future

    def pass_on(self, home: int, head: bytes, descriptor: int) -> bool:
        """Whether a stream goes on there now. This process is to let go of the connection then."""
        try:
            socket.send_fds(self.outlets[home], [self.encoder.encode(Passed(head))], [descriptor])
        except OSError:  # it does not keep up
            return False
        return True

    async def run(self) -> None:
        if self.inlet is None:
            return
        await self.serving.wait()  # until then it might still be another that has this place
        asyncio.get_running_loop().add_reader(self.inlet.fileno(), self._read)
        try:
            self._be_heard(asks=True)
            while self.serving.is_set():
                self._be_heard(asks=False)
                for nth, missed in list(self.missed.items()):
                    self.missed[nth] = missed + 1
                    if missed >= MISSED and nth in self.here:
                        self._forget(nth, self.here[nth])
                since = time.monotonic() - PATIENCE
                self._do_alone([number for number, one in self.asked.items() if one.since < since])
                await asyncio.sleep(BEAT)
        finally:
            self.leave()

    def leave(self) -> None:
        """Nothing is taken any more, and nothing handed over."""
        if self.inlet is None:
            return
        self.serving.clear()
        asyncio.get_running_loop().remove_reader(self.inlet.fileno())
        for nth, outlet in enumerate(self.outlets):
            if nth != self.nth:
                with suppress(OSError):
                    outlet.send(GONE % (self.nth, self.pid))
        self.here.clear()
        self._do_alone(list(self.asked))

    def _be_heard(self, asks: bool) -> None:
        for nth in range(len(self.outlets)):
            if nth != self.nth:
                self._tell(nth, Here(self.nth, self.pid, asks))

    def _tell(self, nth: int, message: Heard) -> bool:
        """Whether it is on its way."""
        try:
            self.outlets[nth].send(self.encoder.encode(message))
        except OSError:  # it does not keep up, or that is too long
            return False
        return True

    def _read(self) -> None:
        assert self.inlet is not None
        for _ in range(AT_ONCE):
            try:
                body, descriptors, *_ = socket.recv_fds(self.inlet, LARGEST, 1)
            except OSError:  # nothing more
                return
            for one in descriptors:
                os.set_inheritable(one, False)  # it is not for the programs that are started here
            if body.startswith(GONE[:1]):
                self._forget(*map(int, body[1:].split()))
                continue
            try:
                self._hear(self.decoder.decode(body), descriptors)
            except msgspec.MsgspecError:  # of another version of this, which is about to be replaced
                for one in descriptors:
                    os.close(one)

    def _hear(self, heard: Heard, descriptors: Sequence[int]) -> None:
        if isinstance(heard, HandedOver):
            self._make(heard)
        elif isinstance(heard, Came):
            self._came(heard)
        elif isinstance(heard, Passed):
            for one in descriptors:
                self.take_over(heard.head, one)
        else:
            self.here[heard.nth], self.missed[heard.nth] = heard.pid, 0
            if heard.asks:
                self._tell(heard.nth, Here(self.nth, self.pid, asks=False))

    def _forget(self, nth: int, pid: int) -> None:
        """One that takes nothing any more; its place may have been taken before."""
        if self.here.get(nth) == pid:
            del self.here[nth], self.missed[nth]
        self._do_alone([number for number, one in self.asked.items() if one.home == (nth, pid)])

    def _make(self, asked: HandedOver) -> None:
        def settle(stored: asyncio.Future[Stored]) -> None:
            found = None if stored.cancelled() or stored.exception() else stored.result()
            if isinstance(found, Receipt) and not found.late:
                coming = self.handled(asked.cluster, asked.session_id, asked.move.room_id, found.records[0])
                coming.add_done_callback(lambda one: tell(found, None if one.cancelled() else one.result()))
            else:
                tell(found)

        def tell(found: Stored | None, outcome: MoveOutcome | None = None) -> None:
            came = Came(asked.number, outcome=outcome)
            if isinstance(found, Receipt):
                came.receipt = found
            elif isinstance(found, TooFast):
                came.too_fast = found
            else:
                came.refusal = found
            self._answer(asked.by, came)

        if asked.to != self.pid or time.monotonic() > asked.at + FRESH:
            tell(None)  # whoever has asked may have stored it, or told its maker that it does not count
            return
        try:
            self.store(asked.cluster, asked.move).add_done_callback(settle)
        except Busy:
            tell(None)

    def _answer(self, by: int, came: Came, tries: int = int(PATIENCE / AGAIN)) -> None:
        if not self._tell(by, came) and tries:
            asyncio.get_running_loop().call_later(AGAIN, self._answer, by, came, tries - 1)

    def _came(self, came: Came) -> None:
        if came.stored is None:
            self._do_alone([came.number] if came.number in self.asked else [])
        elif waiting := self.asked.pop(came.number, None):
            waiting.future.set_result(came)

    def _do_alone(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            one = self.asked.pop(number)
            future = one.future
            try:
                stored = self.store(one.cluster, one.move)
            except Busy as error:
                future.set_exception(error)
            else:
                stored.add_done_callback(lambda one, future=future: _follow(future, one))  # type: ignore[misc]


def _follow(future: asyncio.Future[Stored | Came], stored: asyncio.Future[Stored]) -> None:
    error = Busy() if stored.cancelled() else stored.exception()
    if error is None:
        future.set_result(stored.result())
    else:
        future.set_exception(error)
