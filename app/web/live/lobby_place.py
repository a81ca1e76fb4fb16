"""The lobby as players' pages show it: read once for all pages of this process, and drawn for each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.database import clock
from app.database.connections import Connection
from app.players.notes import Notices
from app.players.pay import PayNow, pay_of
from app.players.players import Player
from app.rooms import lobby, prospects, rooms
from app.rooms.prospects import Prospect, QueuePlace
from app.study.model.study import Study
from app.web import templates
from app.web.live.moment import OneMoment

HOLDS = 1.0  # seconds for which what was read is good, and what was expected
MOST = 200  # lobbies that are kept


@dataclass(frozen=True, slots=True)
class Aside:
    """What is on a player's page wherever they are."""

    notices: Notices
    help_key: str
    drafts: Mapping[str, str]  # form → what was typed and not yet saved, as JSON


@dataclass(frozen=True, slots=True)
class LobbyPlace:
    player: Player
    study: Study
    prospect: Prospect | None
    waiting: int  # people in the lobby
    log_id: int
    seq: int  # of the last event in the session's log
    aside: Aside
    before: int = 0  # people who are still at what comes before the lobby, and whose page is there
    turn: QueuePlace | None = None  # their place in the queue, where it means something

    @property
    def pay(self) -> PayNow | None:
        return pay_of(self.study, self.player, clock.now())

    @property
    def situation(self) -> str:
        """For a researcher who is asked for help."""
        return f"in the lobby as {self.player.type or 'somebody of no type'}"

    @property
    def leaves_at(self) -> datetime:
        """Without a seat by then, or if the session has not started by then."""
        return self.player.standby_until or self._after(self.study.lobby.longest(self.has_begun))

    @property
    def has_begun(self) -> bool:
        return self.player.session_status != "open"

    @property
    def pays_who_leaves(self) -> bool:
        """Whether waiting, or leaving without a seat, is paid."""
        outcome = "standby" if self.player.standby_until else "lobby"
        return bool(self.study.lobby.pay_per_minute or self.study.pay.for_outcome(outcome))

    @property
    def is_asked(self) -> bool:
        """Whether they are ready, and they have not said so."""
        return self.player.asked_until is not None and self.player.ready_at is None

    @property
    def has_missed(self) -> bool:
        """The last room for which this player was asked."""
        return self.player.queued_at is not None and self.player.asked_until is None

    @property
    def has_own_words(self) -> bool:
        """What the page says of their wait is not what others of their type read."""
        return self.player.standby_until is not None or self.player.asked_until is not None

    @property
    def minutes(self) -> int | None:
        return self.prospect.minutes_before(self.leaves_at) if self.prospect else None

    @property
    def fallback_at(self) -> datetime | None:
        """When another kind of room takes this player too."""
        if self.prospect is None or self.prospect.fallback_after is None:
            return None
        return self._after(self.prospect.fallback_after)

    @property
    def bots_at(self) -> datetime | None:
        """When bots take what places are free by then, and this player starts."""
        if self.prospect is None or self.prospect.bots_after is None or self.player.standby_until:
            return None
        return self._after(self.prospect.bots_after)

    def _after(self, seconds: float) -> datetime:
        since = self.player.waiting_since
        assert since is not None
        if self.player.start_at and not self.has_begun:
            since = max(since, self.player.start_at)
        return since + timedelta(seconds=seconds)

    def html(self) -> str:
        return templates.render_own(self.study, "lobby", "player/lobby.html", place=self, now=clock.now())

    def wait_html(self) -> str:
        """The part that changes as others come and go: the same for all of one type and turn."""
        return templates.render_for(self.study, "player/_player_signed_in.html", place=self)


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
