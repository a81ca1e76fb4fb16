"""Deciding: rooms of studies that decide something between two steps are claimed, decided on and moved on.

What is due in a session is taken in batches, each a transaction on a connection of its own: of many rooms that end a
step at the same moment, what each was told is asked for at once, and so is what becomes of them stored. Each has its
hooks in a turn of its own, and one that fails stops its room alone. A room whose hooks take their time is taken out of
the batch, and decided on by itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from app.database.connections import AWAY, Connection, Hands
from app.rooms import bots, decisions, handling, parts, rooms, stopped_rooms
from app.rooms.rooms import DueRoom
from app.study.hooks.pool import HookError, Hooks
from app.study.model.steps import AFTER, BEFORE, PLAYING
from app.study.model.study import Study
from app.study.stored import Studies

BATCH = 25  # rooms
logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Wanted:
    """What is to be looked at in a session, and by how many it is."""

    hinted: set[int] = field(default_factory=set)
    everywhere: bool = False
    movers: set[asyncio.Task[None]] = field(default_factory=set)

    def add(self, hinted: Iterable[int], everywhere: bool) -> None:
        self.hinted.update(hinted)
        self.everywhere = self.everywhere or everywhere

    def take(self) -> tuple[list[int], bool]:
        """Whoever adds the same meanwhile wants it looked at again."""
        taken = list(self.hinted), self.everywhere
        self.hinted, self.everywhere = set(), False
        return taken


class Deciding:
    """`in_session` runs what may fail for a session; `hint` hears of rooms to look at, `enter` of lobbies; `hands`:
    batches, or single rooms, that are decided on at the same time."""

    def __init__(
        self,
        url: str,
        studies: Studies,
        hooks: Hooks,
        in_session: Callable[[str, Coroutine[Any, Any, None]], Coroutine[Any, Any, None]],
        hint: Callable[[Iterable[int]], None],
        enter: Callable[[str], None],
        hands: int,
    ) -> None:
        self.studies, self.hooks = studies, hooks
        self.in_session, self.hint, self.enter = in_session, hint, enter
        self.many, self.hands = hands, Hands(url, "decisions", hands)
        self.wanted: dict[str, Wanted] = {}  # by session
        self.alone: dict[int, asyncio.Task[None]] = {}  # by room
        self.played: dict[int, int] = {}  # room → the last position at which its bots were looked after

    def want(self, session_id: str, hinted: Iterable[int], everywhere: bool) -> None:
        """Rooms of the session in parts that decide: see `rooms.claim_due`."""
        self.wanted.setdefault(session_id, Wanted()).add(hinted, everywhere)
        self._send_mover(session_id)

    def start_alone(self, session_id: str, room_id: int, hinted: Collection[int], everywhere: bool) -> None:
        """A task for this room, unless it has one."""
        self._start(session_id, room_id, self.decide(session_id, room_id, hinted, everywhere))

    def start_bots(self, session_id: str, room_id: int, position: int) -> None:
        """Bots that have yet to answer at this position do; once, for a hook may leave an answer empty."""
        if self.played.get(room_id) != position:
            self.played[room_id] = position
            self._start(session_id, room_id, self._let_bots_answer(session_id, room_id))

    async def settled(self) -> None:
        """Returns when nothing is being decided on any more."""
        while tasks := [
            *self.alone.values(),
            *(one for wanted in self.wanted.values() for one in wanted.movers),
        ]:
            await asyncio.wait(tasks)

    async def decide(
        self, session_id: str, room_id: int, hinted: Collection[int], everywhere: bool, now: bool = False
    ) -> None:
        """Claim one room, in a transaction of its own, and move it on.

        `now`: whoever is moving it at this moment, in whichever process, is waited for.
        """
        before = False

        async def work(conn: Connection) -> None:
            nonlocal before
            if now:
                await rooms.lock_room(conn, room_id)
            for room in await rooms.claim_due(conn, session_id, list(hinted), everywhere, 1, only=room_id):
                study = await self.studies.current(conn, session_id)
                before = study.plan[room.position].step.during == BEFORE
                moving = partial(self._move_on, conn, study, room)
                await self._unless_it_fails(conn, session_id, room_id, moving)

        await self._in_room(room_id, work)
        if before:
            self.enter(session_id)

    async def _move_on(self, conn: Connection, study: Study, room: DueRoom) -> None:
        step = study.plan[room.position].step
        if room.silent and not step.timed:
            if not await parts.waits_on(conn, room.id, step.limit):
                await parts.end(conn, [room.id], "dropped", study)
            return
        if step.moves and not room.opening and not room.deserted:
            async with self.hooks.turn(study) as turn:
                if not await handling.settle(conn, turn.ask, study, room.id):
                    return
        has_bots = study.has_bots and not step.is_solo
        if has_bots and not room.deserted:
            await bots.answer(conn, self.hooks, study, room.id, at_end=True)
        await decisions.move_on(conn, self.hooks, study, room)
        if has_bots:
            await bots.answer(conn, self.hooks, study, room.id)

    def _send_mover(self, session_id: str) -> None:
        wanted = self.wanted[session_id]
        if len(wanted.movers) < self.many:
            task = asyncio.create_task(self.in_session(session_id, self._move_all(session_id)))
            wanted.movers.add(task)
            task.add_done_callback(partial(self._came_back, session_id))

    def _came_back(self, session_id: str, mover: asyncio.Task[None]) -> None:
        wanted = self.wanted.get(session_id)
        if wanted is not None:
            wanted.movers.discard(mover)
            if not wanted.movers:
                del self.wanted[session_id]

    async def _move_all(self, session_id: str) -> None:
        """Batch after batch, until none is due that nobody else has."""
        wanted = self.wanted[session_id]
        study = await self.studies.of(session_id)
        during = [one for one in (BEFORE, PLAYING, AFTER) if study.decides(one)]
        while wanted.hinted or wanted.everywhere:
            due = list[DueRoom]()
            async with self.hands.one(f"rooms of session {session_id} are tried again", AWAY) as conn:
                try:
                    await self._move_batch(conn, session_id, during, wanted, due)
                except AWAY:
                    raise
                except Exception:
                    if len(due) < 2:
                        raise
                    for room in due:  # so that one fails alone
                        self.start_alone(session_id, room.id, [room.id], False)
        if mover := asyncio.current_task():
            wanted.movers.discard(mover)  # whoever wants something from now on sends another one

    async def _move_batch(
        self, conn: Connection, session_id: str, during: list[str], wanted: Wanted, due: list[DueRoom]
    ) -> None:
        """Those that it took are in `due`."""
        hinted, everywhere = wanted.take()
        async with conn.transaction():
            due += await rooms.claim_due(
                conn, session_id, hinted, everywhere, BATCH, during=during, but=list(self.alone)
            )
            if len(due) == BATCH:
                wanted.add(hinted, everywhere)
                self._send_mover(session_id)
            if not due:
                return
            study = await self.studies.current(conn, session_id)
            alone = await self._for_themselves(conn, study, due)
            together = [room for room in due if room.id not in alone]
            decided = await decisions.move_all(conn, self.hooks, study, together)
            for room_id, error in decided.failed.items():
                await self._stop(conn, session_id, room_id, error)
        wanted.add(decided.left, False)
        for room_id in (*alone, *decided.slow):
            self.start_alone(session_id, room_id, [room_id], False)
        if any(study.plan[room.position].step.during == BEFORE for room in due):
            self.enter(session_id)

    async def _for_themselves(self, conn: Connection, study: Study, due: list[DueRoom]) -> set[int]:
        """Those whose bots answer first, or moves are handled, or whose one player may have gone."""
        steps = {room.id: study.plan[room.position].step for room in due}
        found = {
            room.id for room in due if (room.silent and not steps[room.id].timed) or steps[room.id].moves
        }
        if study.has_bots:
            found |= await bots.rooms_with_bots(conn, [room.id for room in due])
        return found

    def _start(self, session_id: str, room_id: int, work: Coroutine[Any, Any, None]) -> None:
        if room_id in self.alone:
            work.close()
            return
        self.alone[room_id] = asyncio.create_task(self.in_session(session_id, work))
        self.alone[room_id].add_done_callback(partial(self._decided, room_id))

    def _decided(self, room_id: int, _: asyncio.Task[None]) -> None:
        del self.alone[room_id]

    async def _let_bots_answer(self, session_id: str, room_id: int) -> None:
        async def work(conn: Connection) -> None:
            if await bots.lock_room(conn, room_id):
                study = await self.studies.current(conn, session_id)
                answering = partial(bots.answer, conn, self.hooks, study, room_id)
                await self._unless_it_fails(conn, session_id, room_id, answering)

        await self._in_room(room_id, work)
        self.hint([room_id])  # meanwhile it may have become due

    async def _in_room(self, room_id: int, work: Callable[[Connection], Awaitable[None]]) -> None:
        """In a transaction on a connection of its own."""
        async with self.hands.one(f"room {room_id} is tried again") as conn, conn.transaction():
            await work(conn)

    async def _unless_it_fails(
        self, conn: Connection, session_id: str, room_id: int, work: Callable[[], Awaitable[None]]
    ) -> None:
        """All of it, in a room whose row is locked; where a hook fails nothing, and the room stops where it is."""
        try:
            async with conn.transaction():
                await work()
        except HookError as error:
            await self._stop(conn, session_id, room_id, error)

    async def _stop(self, conn: Connection, session_id: str, room_id: int, error: HookError) -> None:
        logger.warning("room %d of session %s waits: %s", room_id, session_id, error)
        self.played.pop(room_id, None)
        await stopped_rooms.stop(conn, room_id, error.failure)
