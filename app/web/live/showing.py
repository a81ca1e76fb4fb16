"""Showing: answers as they come, where the open step shows them. Read once for a room, drawn for those who see them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import psycopg
from psycopg_pool import PoolTimeout, TooManyRequests

from app.database.connections import Pool
from app.rooms.limits import Told
from app.rooms.rooms import RoomView
from app.rooms.shown import told_in
from app.web.fragments import fragment, sse
from app.web.live.page import Page
from app.web.live.places import Place, RoomPlace

SHOW_PACE = 0.05  # seconds between two drawings of what a room answers; the first after a while is at once
BREATH = 1.0  # … or so many times as long as the last one took: the process has other rooms
AT_ONCE = 4  # pages that are drawn before whatever else it has to do gets its turn
logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Showing:
    """Of one room in this process. `view` is the room now."""

    pool: Pool
    pages: set[Page]
    view: Callable[[], RoomView]
    slots: set[int] = field(default_factory=set)  # that have said something since
    told: dict[int, Told] = field(default_factory=dict)  # position → what its pages show
    took: float = 0.0  # seconds to draw, the last time; and when that was over
    ended: float = 0.0
    task: asyncio.Task[None] | None = None

    def heard(self, slots: set[int]) -> None:
        self.slots |= slots
        if self.task is None and any(_shows_now(page.place) for page in self.pages):
            self.task = asyncio.create_task(self._show())
        elif self.task is None:
            self.slots.clear()
            self.told.clear()  # it is read anew for whoever comes to such a step

    async def _show(self) -> None:
        try:
            while self.slots:
                await asyncio.sleep(self.ended + max(SHOW_PACE, BREATH * self.took) - time.monotonic())
                slots, self.slots = self.slots, set()
                seq = self.view().room.seq
                try:
                    await self._read(slots)
                except (psycopg.Error, PoolTimeout, TooManyRequests) as error:
                    logger.warning("answers not shown, trying again: %s", str(error).partition("\n")[0])
                    self.slots |= slots
                else:
                    await self._draw(slots, seq)
                self.ended = time.monotonic()
        finally:
            self.task = None

    async def _read(self, slots: set[int]) -> None:
        """What these have said; of a step that no page has shown yet, all."""
        places = [page.place for page in self.pages if isinstance(page.place, RoomPlace)]
        live = {place.position.index: place for place in places if place.position.step.is_live}
        told = dict[int, Told]()
        async with self.pool.connection() as conn:
            for index, place in live.items():
                before = self.told.get(index)
                of = None if before is None else slots
                new = await told_in(conn, self.view().room.id, place.study, place.position, of)
                told[index] = {**(before or {}), **new}
        self.told = told

    async def _draw(self, slots: set[int], seq: int) -> None:
        loop = asyncio.get_running_loop()
        told, seers, drawn, took = self.told, self._seers(slots), 0, 0.0
        began = loop.time()
        for page in list(self.pages):
            place = page.place
            if not isinstance(place, RoomPlace) or page.stale or page.seq > seq:
                continue  # who joined since has it already
            if place.position.index not in told or not _sees(place, slots, seers):
                continue
            page.place = place = replace(place, told=told[place.position.index])
            page.push(sse(fragment("#shown", "innerMorph", place.shown_html())))
            drawn += 1
            if drawn % AT_ONCE == 0:
                took += loop.time() - began
                await asyncio.sleep(0)
                began = loop.time()
        self.took = took + loop.time() - began

    def _seers(self, slots: set[int]) -> set[int]:
        seers = self.view().ties.seers
        return {seer for slot in slots for seer in seers.get(slot, ())}


def _sees(place: RoomPlace, slots: set[int], seers: set[int]) -> bool:
    """Whether something of what these slots say stands on this page."""
    of = {show.of for show in place.position.step.show if show.round == "now"}
    me = place.me.slot
    return "room" in of or ("neighbours" in of and me in seers) or ("me" in of and me in slots)


def _shows_now(place: Place | None) -> bool:
    """But for what moves change: their events bring it."""
    return isinstance(place, RoomPlace) and place.position.step.is_live and not place.position.step.moves
