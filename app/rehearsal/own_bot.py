"""A step's own `bot`, asked by somebody who is a program and plays behind a page: what it does is sent from there.

What stands on the page, as values, is read where the server reads it for bots that play within it: a page draws what a
study keeps, and has no more of it than its picture.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import psycopg

from app.database.connections import Line
from app.database.queries import Queries
from app.rehearsal.browser import WireError
from app.rehearsal.moving import Moving
from app.rehearsal.page import PageSeen, step_of
from app.rehearsal.talking import Talking
from app.rooms import seen
from app.rooms.acting import LATEST, SOONEST
from app.rooms.seen import BotsPage
from app.study.hooks.acts import BotAct, BotMove, ask_bot
from app.study.hooks.networklab import Say, Wait
from app.study.hooks.pool import HookError, Hooks
from app.study.model.plausible import MOVES
from app.study.model.study import Position, Study

SQL = Queries(__name__)


class Insight:
    """Into the pages of one session. With `hurry` everybody acts as fast as bots within the server, not as people."""

    def __init__(self, url: str, session_id: str, hooks: Hooks, hurry: bool = False) -> None:
        self.session_id, self.hooks, self.hurry = session_id, hooks, hurry
        self.line, self.one_reads = Line(url, "bots"), asyncio.Lock()

    async def page(self, study: Study, label: str, position: Position) -> BotsPage | None:
        """What stands on the page of this player now; None where it is another page, or the database is away."""
        async with self.one_reads:
            try:
                conn = await self.line.get()
                found = await conn.execute(SQL["seat"], dict(session_id=self.session_id, label=label))
                at = await found.fetchone()
                if at is None:
                    return None
                room_id, slot = at
                return await seen.page_of(conn, study, room_id, slot, position.index, of_bot=False)
            except (psycopg.Error, OSError, TimeoutError):
                self.line.drop()
                return None

    def rest(self, chance: random.Random) -> float:
        """Seconds between two turns."""
        return chance.uniform(SOONEST, LATEST) if self.hurry else chance.expovariate(MOVES / 60)

    def close(self) -> None:
        self.line.drop()


@dataclass(frozen=True, slots=True)
class OwnBot:
    """One person's. `think` lets them take their time, in seconds."""

    insight: Insight
    study: Study
    page: PageSeen
    moving: Moving
    talking: Talking
    chance: random.Random
    think: Callable[[float], Awaitable[None]]

    async def go_on(self, position: Position) -> None:
        """Until that page is gone. Where the function fails on what a page shows, moves are made by chance."""
        diary, turn, before = self.moving.diary, 0, ""
        while self._stands(position):
            await self.think(self.insight.rest(self.chance))
            found = await self.insight.page(self.study, diary.label, position)
            if found is None or found.digest == before:
                continue
            try:
                act = await self._ask(found, turn)
            except HookError as error:
                diary.slip(str(error))
                await self.moving.go_on(position)
                return
            turn, before = turn + 1, found.digest
            if isinstance(act, Wait):
                await self.think(float(act.seconds))
                before = ""
            elif self._stands(position):
                await self._do(position, act)

    def _stands(self, position: Position) -> bool:
        key = self.page.keys.get("message-key", "")
        return self.page.place == "room" and position.index in (self.page.here, step_of(key))

    async def _ask(self, found: BotsPage, turn: int) -> BotAct:
        slot = next(seat.slot for seat in found.room.seats if seat.bot)
        ask, step = partial(self.insight.hooks.ask, self.study), found.step
        return await ask_bot(ask, step, step.fields, found.forms, found.room_at(turn), slot, found.questions)

    async def _do(self, position: Position, act: BotAct) -> None:
        try:
            if isinstance(act, BotMove):
                await self.moving.make_as(act.form, act.form.values_in(act.written))
            elif isinstance(act, Say):
                await self.talking.say(position, act)
        except WireError:
            return  # it is tried again from the page that comes then
