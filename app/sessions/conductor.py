"""The conductor moves rooms on and looks after the lobby when a deadline says so, and sees who has dropped out.

It runs in every process. Each room is claimed with SKIP LOCKED, so it is moved by one process at a time, and
whatever a killed process had claimed is free again at once.

Where a study decides something between two steps, its rooms are in the hands of `deciding`: a hook that takes its time
holds up its room alone.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from typing import Any
from weakref import WeakValueDictionary

import psycopg

from app.database.connections import AWAY, Connection, Line
from app.database.queries import Queries, value
from app.players import waiting_list
from app.rooms import bots, dropouts, lobby, parts, rooms
from app.rooms.acting import Acting
from app.rooms.deciding import Deciding
from app.sessions import actions, arrivals
from app.sessions.sessions import SessionError
from app.study.hooks.pool import Hooks
from app.study.model.study import Position
from app.study.stored import Studies

SQL = Queries(__name__)
SWEEP = 1.0  # seconds: even without any hint every room is looked at this often
PACE = 0.02  # seconds in which hints gather, so that a burst is looked at once
SHORTEST = 0.05  # seconds between two looks at something overdue that another process is busy with
LONGEST = 4.0  # seconds that somebody's answer waits for the page that comes after it
REST = 10.0  # seconds before a session is tried again that could not go on
MOST = 100  # rooms in one transaction
HANDS = 3, 2
logger = logging.getLogger(__name__)


class Conductor:
    def __init__(
        self, url: str, studies: Studies, hooks: Hooks | None = None, hands: tuple[int, int] = HANDS
    ) -> None:
        """`hands`: connections by which rooms are decided on, and bots asked, at the same time."""
        self.line, self.studies, self.hooks = Line(url, "conductor"), studies, hooks or Hooks()
        self.deciding = Deciding(url, studies, self.hooks, self._in_session, self.hint, self._enter, hands[0])
        self.acting = Acting(url, studies, self.hooks, self._in_session, self.hint, hands[1])
        # Rooms of whoever waits, or has waited, for a page of their own
        self.going: set[asyncio.Task[None]] = set()
        self.turns = WeakValueDictionary[int, asyncio.Lock]()  # by room, of these
        self.hinted: set[int] = set()
        self.entered: set[str] = set()  # sessions into whose lobby somebody has just come
        self.broken: dict[str, float] = {}  # session → when to try it again
        self.wake = asyncio.Event()

    def hint(self, room_ids: Iterable[int]) -> None:
        """Somebody in these rooms has just answered or left, in this process: perhaps they can move on.

        Of two processes that store the last answers of a room, the one that commits later sees both.
        """
        self.hinted.update(room_ids)
        self.wake.set()

    async def run(self) -> None:
        clock = asyncio.get_running_loop().time
        swept = due = 0.0
        while True:
            await asyncio.sleep(PACE)
            self.wake.clear()
            hinted, self.hinted = self.hinted, set()
            everywhere = clock() - swept >= SWEEP
            try:
                async with asyncio.timeout(15):
                    conn = await self.line.get()
                    if everywhere or clock() >= due:
                        wait = await self.move_on(conn, hinted, everywhere)
                        due = clock() + min(max(wait, SHORTEST), SWEEP)
                        swept = clock() if everywhere else swept
                        await self.hooks.retire()
                    else:
                        await self.move_rooms(conn, hinted, False)
            except (psycopg.Error, OSError, TimeoutError) as error:
                logger.warning("conductor trying again: %s", str(error).partition("\n")[0])
                self.line.drop()
                self.hinted |= hinted
                swept, due = 0.0, clock() + 0.2
            try:
                async with asyncio.timeout_at(due):
                    await self.wake.wait()
            except TimeoutError:
                pass

    async def move_now(self, session_id: str, room_id: int) -> None:
        """For whoever waits for the next page of their own: it is there when this returns, if it can be by then.

        Where a hook takes its time, or many are before them, their page tells them as it comes.
        """
        going = asyncio.create_task(self._in_turn(session_id, room_id))
        self.going.add(going)
        going.add_done_callback(self.going.discard)
        done, _ = await asyncio.wait({going}, timeout=LONGEST)
        self.wake.set()
        for one in done:
            one.result()

    async def _in_turn(self, session_id: str, room_id: int) -> None:
        """However often somebody sends their form, their room has one hand."""
        turn = self.turns.setdefault(room_id, asyncio.Lock())
        async with turn:
            await self._in_session(
                session_id, self.deciding.decide(session_id, room_id, [room_id], False, now=True)
            )

    async def move_on(self, conn: Connection, hinted: Iterable[int], everywhere: bool) -> float:
        """Do all that is due now; returns the seconds until something will be."""
        await self.move_rooms(conn, hinted, everywhere)
        if everywhere:
            await self._open_stranded(conn)
        for session_id in await actions.due_starts(conn):
            await self._in_session(session_id, self._start_by_itself(conn, session_id))
        for session_id in await waiting_list.waited_for(conn):
            await self._in_session(session_id, self._move_line(conn, session_id))
        for session_id in await lobby.due(conn, everywhere):
            await self._in_session(session_id, self._seat(conn, session_id))
        return await seconds_until_due(conn, SWEEP)

    async def move_rooms(self, conn: Connection, hinted: Iterable[int], everywhere: bool) -> None:
        """Only the rooms: those past their deadline, and those of `hinted` in which everybody has answered."""
        ids = list(hinted)
        for session_id in await rooms.sessions_to_look_at(conn, ids, everywhere):
            await self._in_session(session_id, self._move_rooms(conn, session_id, ids, everywhere))
            if everywhere:
                await self._in_session(session_id, self._look_for_dropouts(conn, session_id))
        while self.entered:
            session_id = self.entered.pop()
            await self._in_session(session_id, self._seat(conn, session_id, patient=True))

    async def _in_session(self, session_id: str, work: Coroutine[Any, Any, None]) -> None:
        """What is wrong with one session must not keep the others from going on."""
        if self.broken.get(session_id, 0.0) > time.monotonic():
            work.close()
            return
        try:
            await work
        except AWAY:
            raise  # the database's trouble, not the session's
        except Exception:
            logger.exception("session %s can't go on; the next try is in %.0f s", session_id, REST)
            self.broken[session_id] = time.monotonic() + REST

    async def _start_by_itself(self, conn: Connection, session_id: str) -> None:
        with suppress(SessionError):  # closed meanwhile
            async with conn.transaction():
                await actions.start(conn, session_id, by="")

    async def _open_stranded(self, conn: Connection) -> None:
        """Solo steps of those whose process died before it opened them."""
        for one in await parts.stranded(conn):
            await self._in_session(one.session_id, self._begin(conn, one.session_id, one.player_id))

    async def _begin(self, conn: Connection, session_id: str, player_id: int) -> None:
        await arrivals.begin_late(conn, session_id, await self.studies.of(session_id), player_id)

    async def _move_line(self, conn: Connection, session_id: str) -> None:
        study = await self.studies.of(session_id)
        async with conn.transaction():
            came = await waiting_list.move_up(conn, session_id, study)
            await arrivals.begin(conn, session_id, study, came)
        if came:
            await self._seat(conn, session_id)

    async def _seat(self, conn: Connection, session_id: str, patient: bool = False) -> None:
        study = await self.studies.of(session_id)
        async with conn.transaction():
            if study.lobby.seat_hook:
                patient = False  # whoever holds the lobby may ask a hook meanwhile
                study = await self.studies.current(conn, session_id)
            await lobby.seat(conn, session_id, study, patient=patient, hooks=self.hooks)

    async def _look_for_dropouts(self, conn: Connection, session_id: str) -> None:
        study = await self.studies.of(session_id)
        if study.listens:
            await dropouts.take_back_nudges(conn, session_id)
            found = await dropouts.silent_players(conn, session_id, study)
            if found:
                async with conn.transaction():
                    left = await dropouts.settle(conn, session_id, study, found)
                self.hint(left)  # they may have been the last to answer
        if study.mediates or (study.has_bots and any(step.bot for step in study.steps)):
            self.acting.want(session_id)
        if study.has_bots:
            for room_id, position in (await bots.rooms_to_answer(conn, session_id, study)).items():
                self.deciding.start_bots(session_id, room_id, position)

    async def _move_rooms(
        self, conn: Connection, session_id: str, hinted: list[int], everywhere: bool
    ) -> None:
        study = await self.studies.of(session_id)
        during = {step.during for step in study.all_steps}
        plain = [one for one in during if not study.decides(one)]
        if len(plain) < len(during):
            self.deciding.want(session_id, hinted, everywhere)
        while plain:
            moves: list[tuple[int, Position]] = []
            done: list[int] = []
            async with conn.transaction():
                due = await rooms.claim_due(
                    conn, session_id, hinted, everywhere, MOST, during=plain, but=self.deciding.alone
                )
                for room in due:
                    if room.silent and not study.plan[room.position].step.timed:
                        continue
                    after = study.following(room.position, room.outcome or "complete")
                    if after is not None and not room.deserted:
                        moves.append((room.id, study.plan[after]))
                    else:
                        done.append(room.id)
                if moves:
                    await rooms.advance(conn, study, moves)
                if done:
                    await parts.end(conn, done, "complete", study)
            if study.before and done:
                self.entered.add(session_id)
            moved = {*done, *(room_id for room_id, _ in moves)}
            for room in due:
                if room.id not in moved:
                    self.deciding.start_alone(session_id, room.id, hinted, everywhere)
            if len(due) < MOST:
                return

    def _enter(self, session_id: str) -> None:
        """Somebody may have come into its lobby."""
        self.entered.add(session_id)
        self.wake.set()


async def seconds_until_due(conn: Connection, at_most: float) -> float:
    """Until any room, lobby, waiting list or start is due; below zero if it has passed, `at_most` if there is none."""
    seconds: float | None = await value(conn, SQL["seconds_until_due"])
    return at_most if seconds is None else seconds
