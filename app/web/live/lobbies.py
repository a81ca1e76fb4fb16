"""What the lobbies are like, for all pages of this process: read once for whatever has happened, however many ask."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.database.connections import Connection
from app.rooms import lobby, prospects, rooms
from app.rooms.prospects import Prospect, QueuePlace
from app.study.model.study import Study
from app.web.live.moment import OneMoment

HOLDS = 1.0  # seconds for which what was read is good, and what was expected
MOST = 200  # lobbies that are kept


@dataclass(frozen=True, slots=True)
class LobbyNow:
    waiting: int  # for others, and there
    before: int  # still at what comes before the lobby, and their page is there
    waits_for: Mapping[str, Prospect | None]  # by type
    turns: Mapping[int, QueuePlace]  # by player: whose place in the queue means something
    look_again: bool  # it has changed since what is expected was computed


@dataclass(frozen=True, slots=True)
class _Kept:
    seq: int  # of the session's log: what it tells up to there is in it
    at: float
    now: asyncio.Future[LobbyNow | None]  # None: who was to read it has failed


class Lobbies:
    def __init__(self) -> None:
        self.kept: dict[str, _Kept] = {}  # by session
        self.expected: dict[str, tuple[float, Mapping[str, int]]] = {}  # when, and type → minutes

    async def at(self, moment: OneMoment, session_id: str, study: Study, seq: int) -> LobbyNow:
        """As it was when the session's log had come to `seq`, which `moment` sees, or later.

        Hundreds ask at the same moment: the first of them reads, on the connection that it has.
        """
        while (kept := self.kept.get(session_id)) and kept.seq >= seq and time.monotonic() - kept.at < HOLDS:
            if (now := await asyncio.shield(kept.now)) is not None:
                return now
        return await self.read(moment.more(), session_id, study, seq)

    async def read(self, conn: Connection, session_id: str, study: Study, seq: int) -> LobbyNow:
        """As it is now: with all that the log told when it had come to `seq`, which was read before."""
        future: asyncio.Future[LobbyNow | None] = asyncio.get_running_loop().create_future()
        self.kept.pop(session_id, None)
        kept = self.kept[session_id] = _Kept(seq, time.monotonic(), future)
        try:
            now = await self._read(conn, session_id, study)
            future.set_result(now)
            return now
        finally:
            if not future.done():
                future.set_result(None)
                if self.kept.get(session_id) is kept:
                    del self.kept[session_id]
            _bound(self.kept)

    async def _read(self, conn: Connection, session_id: str, study: Study) -> LobbyNow:
        waiting, made = (
            await lobby.waiting_by_type(conn, session_id, study),
            await rooms.rooms_made(conn, session_id),
        )
        computed, minutes = self.expected.get(session_id, (0.0, {}))
        is_new = time.monotonic() - computed >= HOLDS
        if is_new:
            pace = await prospects.pace_of(conn, session_id, study)
            minutes = prospects.minutes_ahead(study, waiting, made, pace) if pace else {}
            self.expected.pop(session_id, None)
            self.expected[session_id] = time.monotonic(), minutes
            _bound(self.expected)
        return LobbyNow(
            sum(waiting.values()),
            await prospects.on_their_way(conn, session_id) if study.before else 0,
            prospects.prospects(study, waiting, made, minutes),
            await prospects.queue_places_of(conn, session_id, study, waiting, made),
            look_again=not is_new,
        )


def _bound(kept: dict[str, Any]) -> None:
    """What was put in last is kept."""
    while len(kept) > MOST:
        del kept[next(iter(kept))]
