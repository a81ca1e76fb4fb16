"""The referee says what comes of moves, as soon as they are stored: in each process, of those that it has stored.

One turn after the other for a room, for all moves that wait there by then; rooms side by side, as far as hooks go. A
room is read as a move is stored there, in that transaction, and has its turn at once, or as soon as the one is stored
that it has then (`ahead`). Where that can't be, it is read again, many rooms at once. What came of moves is written for
many at once. Whoever has stored the oldest move that waits in a room has its turn; what a process that has died left
is taken up by any other, and handled once: `handling` knows how.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import partial

import psycopg

from app.database.breath import Breath
from app.database.connections import Connection, Line, snapshot
from app.database.group_commit import Busy, GroupCommit
from app.rooms import handling, moves, stopped_rooms
from app.rooms.ahead import NextTurns, Standing, Yielded
from app.rooms.awaited import Awaited, Coming
from app.rooms.handling import MovesTaken, MovingRoom, WaitingMove
from app.rooms.messages import TooFast
from app.rooms.moves import NewMove, Refusal
from app.rooms.receipts import Receipt
from app.rooms.warming import Warming
from app.study.hooks import networklab
from app.study.hooks.pool import Hooks
from app.study.model.study import Study
from app.study.stored import Studies

SWEEP = 1.0  # seconds between two looks for what a dead process has left
LATEST = 5.0  # … where there is always something to do: what others are late with looks left as well
PACE = 0.025  # … between the beginnings of two commits of moves, and of two looks, at least: many rooms share them
AFTER = 0.005  # … of two commits of what came of them: it comes in the same waves
MOST = 100  # rooms that are read at once
KNOWN = 500  # rooms of which it is kept who sits there
REST = 5.0  # seconds before a room is tried again of which something is wrong that is no hook's fault
Telling = Callable[[Collection[int]], AbstractAsyncContextManager[handling.Then | None]]
logger = logging.getLogger(__name__)


class Referee:
    """`step_ended(room_ids)` is called with rooms whose step a move has ended. `most`: see `moves.store`."""

    def __init__(
        self,
        url: str,
        studies: Studies,
        hooks: Hooks,
        limit: int,
        step_ended: Callable[[Iterable[int]], None],
        most: int = moves.MOST,
    ) -> None:
        self.studies, self.hooks, self.step_ended, self.most = studies, hooks, step_ended, most
        self.warming = Warming(studies, hooks)
        self.reading, self.acting = Line(url, "referee"), Line(url, "referee acts")
        self.commit: GroupCommit[MovesTaken, bool] = GroupCommit(
            "what came of moves", url, self._put, limit, AFTER
        )
        self.telling: Telling = lambda _: nullcontext()  # has their pages told of it
        self.due: dict[int, str] = {}  # room → session
        self.turns: dict[int, asyncio.Task[None]] = {}  # by room
        self.begun: dict[int, set[int]] = {}  # room → the records that its turn is about
        self.ahead = NextTurns()
        self.resting: dict[int, float] = {}  # room → when to try it again
        self.hinted = set[int]()  # rooms that wait for nobody, whoever has stored what waits there
        self.yielded = Yielded()
        self.awaited = Awaited()
        self.known: dict[int, tuple[str, networklab.Room]] = {}  # room → with which company it is what
        self.one_acts = asyncio.Lock()
        self.wake = asyncio.Event()

    async def store(self, conn: Connection, made: Sequence[NewMove]) -> list[Receipt | Refusal | TooFast]:
        """Store moves, as `moves.store`. Their rooms are read in the same transaction and have their turn at once, or
        after the one that they have, if nothing else has to be read for it."""
        looking, free = list[handling.Looking](), set[int]()

        async def look(room_ids: Collection[int]) -> None:
            free.update(one for one in room_ids if self._is_free(one))
            if rooms := [one for one in room_ids if one in free or one in self.turns]:
                looking.append(await handling.look(conn, rooms))

        stored = await moves.store(conn, made, self.most, look)
        found = [await handling.found_by(one) for one in looking]
        try:
            for standings, waiting in found:
                for standing in standings:
                    if standing.id in self.turns:
                        self.ahead.keep(standing, waiting[standing.id])
                    if standing.id not in free:
                        continue
                    study = self.studies.at_hand(standing.session_id)
                    is_at_hand = study is not None and study.sha256 == standing.study_sha256
                    is_next = self._is_free(standing.id) and self._is_ours(waiting[standing.id][0], stored)
                    if study and is_at_hand and is_next and self._knows(standing):
                        self._let_act(study, standing, waiting[standing.id])
        except Exception:  # the moves are stored all the same
            logger.exception("rooms have no turn as moves are stored there")
        return stored

    def hint(self, session_id: str, room_id: int) -> None:
        """A move has just been stored there by a bot, or something is left."""
        self.hinted.add(room_id)
        self._want(session_id, room_id)

    def _want(self, session_id: str, room_id: int) -> None:
        self.due[room_id] = session_id
        self.wake.set()

    def submit(self, session_id: str, room_id: int, record_id: int) -> Coming:
        """What comes of a move that is stored; None where that is not known in time, and the room's log tells it."""
        if record_id not in self.begun.get(room_id, ()) and not self.ahead.has(room_id, record_id):
            self._want(session_id, room_id)
        return self.awaited.coming(room_id, record_id)

    async def run(self) -> None:
        commit = asyncio.create_task(self.commit.run())
        swept, breath = 0.0, Breath(PACE)
        try:
            while True:
                try:
                    async with asyncio.timeout(max(0.0, swept + SWEEP - time.monotonic())):
                        await self.wake.wait()
                except TimeoutError:
                    swept = time.monotonic()
                    await self._sweep()
                self.wake.clear()
                while self._ready():
                    async with breath:
                        await self._begin(self._ready())
                    if time.monotonic() >= swept + LATEST:
                        swept = time.monotonic()
                        await self._sweep()
        finally:
            commit.cancel()
            for task in (*self.turns.values(), *self.warming.tasks):
                task.cancel()
            for line in (self.reading, self.acting):
                line.drop()

    async def settled(self) -> None:
        """Returns when no room has a turn any more."""
        while self.turns:
            await asyncio.wait(self.turns.values())

    def _ready(self) -> dict[int, str]:
        """The rooms that are due and have no turn now."""
        found = {one: session_id for one, session_id in self.due.items() if self._is_free(one)}
        return dict(list(found.items())[:MOST])

    def _is_free(self, room_id: int) -> bool:
        return room_id not in self.turns and self.resting.get(room_id, 0.0) <= time.monotonic()

    async def _begin(self, ready: dict[int, str]) -> None:
        """Read these rooms, of one moment, and let each have its turn."""
        hinted = self.hinted & ready.keys()  # what comes from now on is of the next reading
        self.hinted -= hinted
        for room_id in ready:
            del self.due[room_id]
        try:
            for session_id in set(ready.values()):
                await self.studies.of(session_id)
            async with asyncio.timeout(15):
                conn = await self.reading.get()
                # Whoever comes after the reading is told by the next one.
                asked = {room_id: self.awaited.records(room_id) for room_id in ready}
                standings, waiting = await handling.read(conn, ready)
                if not all(map(self._knows, standings)):
                    async with snapshot(conn):
                        standings, waiting = await handling.read(conn, ready)
                        for one in standings:
                            await self._learn(conn, one)
                studies = [
                    await self.studies.as_of(conn, one.session_id, one.study_sha256) for one in standings
                ]
                await self._tell_others(conn, asked, waiting)
        except (psycopg.Error, OSError, TimeoutError) as error:
            logger.warning("moves are tried again: %s", str(error).partition("\n")[0])
            self.reading.drop()
            self.due = {**ready, **self.due}
            self.hinted |= hinted
            await asyncio.sleep(0.2)
            return
        for study, standing in zip(studies, standings, strict=True):
            if standing.id in self.turns:  # it was read again as a move was stored
                self._want(standing.session_id, standing.id)
                self.hinted |= hinted & {standing.id}
            elif standing.id in hinted or self._is_ours(waiting[standing.id][0]):
                self._let_act(study, standing, waiting[standing.id])
            else:
                again = partial(self._want, standing.session_id, standing.id)
                asyncio.get_running_loop().call_later(PACE, again)

    def _is_ours(self, oldest: WaitingMove, stored: Sequence[object] = ()) -> bool:
        """Whether the turn of a room is this process's. It is that of who stored the oldest move that waits there: two
        that ask the hooks of the same moves do twice what is stored once, and the more so the busier they are.

        `stored`: what this process has just stored, of which nobody has said yet that they wait for it.
        """
        room_id, record_id = oldest.room_id, oldest.record_id
        own = any(isinstance(one, Receipt) and record_id in one.records for one in stored)
        if own or room_id in self.hinted or self.awaited.has(room_id, record_id):
            return True
        return self.yielded.are_over(room_id, record_id)

    def _let_act(self, study: Study, standing: MovingRoom, waiting: Sequence[WaitingMove]) -> None:
        """Its turn begins. It must have none, and who sits there must be known."""
        room = self.known[standing.id][1]
        self._begins(standing.id, waiting)
        task = asyncio.create_task(self._turn(study, room, standing, waiting))
        self.turns[standing.id] = task
        task.add_done_callback(partial(self._done, standing.id))

    def _begins(self, room_id: int, waiting: Sequence[WaitingMove]) -> None:
        self.begun[room_id] = {one.record_id for one in waiting}
        self.yielded.pop(room_id, None)

    def _knows(self, standing: MovingRoom) -> bool:
        """Who sits there. Of those that are forgotten when there are too many, it is last from now on."""
        company, room = self.known.pop(standing.id, ("", None))
        if room is not None:
            self.known[standing.id] = company, room
        return room is not None and company == standing.company

    async def _learn(self, conn: Connection, standing: MovingRoom) -> None:
        if not self._knows(standing):
            study = await self.studies.as_of(conn, standing.session_id, standing.study_sha256)
            self.known[standing.id] = standing.company, await handling.room_for(conn, study, standing)
            while len(self.known) > KNOWN:
                del self.known[next(iter(self.known))]

    async def _tell_others(
        self, conn: Connection, asked: Mapping[int, set[int]], waiting: dict[int, list[WaitingMove]]
    ) -> None:
        """Those who wait for what another process has done, or for what nobody can do now. `asked`: by room."""
        others = {
            room_id: records - {one.record_id for one in waiting.get(room_id, ())}
            for room_id, records in asked.items()
        }
        if any(others.values()):
            found = await handling.outcomes(conn, {one for records in others.values() for one in records})
            for room_id, records in others.items():
                self.awaited.tell(room_id, {one: found.get(one) for one in records})

    def _done(self, room_id: int, _: asyncio.Task[None]) -> None:
        del self.turns[room_id], self.begun[room_id]
        if left := self.ahead.drop(room_id):
            self._want(left.session_id, room_id)
        if room_id in self.due:
            self.wake.set()

    async def _turn(
        self, study: Study, room: networklab.Room, standing: MovingRoom, waiting: Sequence[WaitingMove]
    ) -> None:
        following: Standing | None = standing, waiting
        try:
            while following:
                following = await self._take_turn(study, room, *following)
        except (psycopg.Error, OSError, TimeoutError, Busy) as error:
            logger.warning("moves of room %d are tried again: %s", standing.id, str(error).partition("\n")[0])
            self.acting.drop()
            self.hint(standing.session_id, standing.id)
        except Exception:
            logger.exception(
                "moves of room %d can't be handled; the next try is in %.0f s", standing.id, REST
            )
            self.resting[standing.id] = time.monotonic() + REST

    async def _take_turn(
        self, study: Study, room: networklab.Room, standing: MovingRoom, waiting: Sequence[WaitingMove]
    ) -> Standing | None:
        """And what has the next one."""
        if len(waiting) == 1:
            ask = partial(self.hooks.ask, study)  # which ends by itself
            turn = await handling.take_turn(ask, study, room, standing, waiting)
        else:
            async with self.hooks.turn(study) as hooks:
                turn = await handling.take_turn(hooks.ask, study, room, standing, waiting)
        if not await self.commit.commit(turn):
            self._want(standing.session_id, standing.id)  # another process was first
            return None
        self.awaited.tell(standing.id, turn.outcomes)
        if turn.failure:
            await self._stop(standing, turn)
        if turn.ends:
            await self._end(standing.id)
        elif turn.until is not None:
            self.step_ended([standing.id])  # its deadline may be nearer than whoever waits for it knows
        return self._following(standing, turn)

    def _following(self, before: MovingRoom, turn: MovesTaken) -> Standing | None:
        """What has the room's next turn without being read again: of the same company and study, and ours."""
        found = None if turn.room_id in self.due else self.ahead.after(turn)
        if found is None:
            return None
        standing, waiting = found
        same = standing.company == before.company and standing.study_sha256 == before.study_sha256
        if not same or not self._is_ours(waiting[0]):
            return None
        self.ahead.drop(turn.room_id)
        self._begins(turn.room_id, waiting)
        return found

    async def _put(self, conn: Connection, turns: Sequence[MovesTaken]) -> list[bool]:
        async with self.telling([turn.room_id for turn in turns]) as then:
            return await handling.put(conn, turns, then)

    async def _stop(self, standing: MovingRoom, turn: MovesTaken) -> None:
        """The hook could not decide: the room waits for the researcher, unless another process could."""
        assert turn.failure is not None
        move, error = turn.failure
        logger.warning("room %d of session %s waits: %s", standing.id, standing.session_id, error)
        async with self.one_acts:
            conn = await self.acting.get()
            async with conn.transaction():
                if await handling.lock_waiting(conn, move.record_id):
                    await stopped_rooms.stop(conn, standing.id, error.failure)
        self.awaited.tell(standing.id, {move.record_id: None})

    async def _end(self, room_id: int) -> None:
        """A room whose share-lock was held a moment ago is locked in a transaction of its own."""
        async with self.one_acts:
            await handling.end_steps(await self.acting.get(), [room_id])
        self.step_ended([room_id])

    async def _sweep(self) -> None:
        now = time.monotonic()
        self.resting = {room_id: at for room_id, at in self.resting.items() if at > now}
        self.yielded.forget(now - LATEST)
        try:
            async with asyncio.timeout(15):
                conn = await self.reading.get()
                left = await handling.left_over(conn)
                if left:
                    await handling.end_steps(conn, {room_id for _, room_id in left})
                await self.warming.look(conn)
        except (psycopg.Error, OSError, TimeoutError) as error:
            logger.warning("moves are looked for again: %s", str(error).partition("\n")[0])
            self.reading.drop()
            return
        for session_id, room_id in left:
            self.hint(session_id, room_id)
        if left:
            self.step_ended([room_id for _, room_id in left])
