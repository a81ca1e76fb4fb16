"""Typists: who is writing a message just now, told to those who would read it, on whichever process they are.

A sign of it is nowhere stored: it is a notification, which the database makes once it has found out who reads there, as
for a message. A sign that is lost costs a moment, for whoever goes on writing gives another one.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
import psycopg
from psycopg.types.json import Jsonb
from psycopg_pool import PoolTimeout, TooManyRequests

from app.database import clock
from app.database.connections import Connection, Pool
from app.database.queries import Queries
from app.study.model.channels import Channel

SQL = Queries(__name__)
PACE = 0.25  # seconds between two tellings at least: a process tells of all who write in one commit
OFTEN = 2.0  # … between two signs of one person for the same talk; a page gives one every three
PATIENCE = 1.0  # … that a connection is waited for: what is late is not true any more
MOST = 500  # signs in one telling
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Typist:
    """Somebody who is writing, as their page says."""

    player_id: int
    room_id: int
    position: int  # index into the plan
    channel: Channel
    to_slot: int | None
    at: datetime = field(default_factory=clock.now, compare=False)


@dataclass(frozen=True, slots=True)
class Sign:
    """The same as the database has told it."""

    log_id: int  # of the room
    slot: int
    position: int
    channel: str  # empty: the only talk of its step
    to_slot: int | None
    at: datetime
    readers: tuple[tuple[int, int], ...]  # from this slot to before that one


_TOLD = tuple[int, int, int, str, int | None, datetime, tuple[tuple[int, int], ...]]


class Typists:
    """Those who write at pages of this process, and what was not yet told of them."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.untold: dict[int, Typist] = {}  # by player
        self.told: dict[int, tuple[Typist, float]] = {}  # … and when, on the monotonic clock
        self.wake = asyncio.Event()

    def writes(self, typist: Typist) -> None:
        before, at = self.told.get(typist.player_id, (None, 0.0))
        if before != typist or time.monotonic() >= at + OFTEN:
            self.untold[typist.player_id] = typist
            self.wake.set()

    def wrote(self, player_id: int) -> None:
        """The message has come: what led to it is not told after it."""
        self.untold.pop(player_id, None)

    async def run(self) -> None:
        while True:
            await self.wake.wait()
            self.wake.clear()
            typists = list(self.untold.values())[:MOST]
            self.untold.clear()
            now = time.monotonic()
            self.told = {who: one for who, one in self.told.items() if now < one[1] + OFTEN}
            self.told |= {one.player_id: (one, now) for one in typists}
            try:
                async with asyncio.timeout(5), self.pool.connection(PATIENCE) as conn:
                    await tell(conn, typists)
            except (psycopg.Error, OSError, TimeoutError, PoolTimeout, TooManyRequests) as error:
                logger.warning("who is typing was not told: %s", str(error).partition("\n")[0])
            await asyncio.sleep(PACE)


async def tell(conn: Connection, typists: Collection[Typist]) -> None:
    await conn.execute(
        SQL["tell"],
        dict(
            players=[one.player_id for one in typists],
            rooms=[one.room_id for one in typists],
            positions=[one.position for one in typists],
            to_slots=[one.to_slot for one in typists],
            channels=[one.channel.name for one in typists],
            among=[None if one.channel.among is None else Jsonb(one.channel.among) for one in typists],
            of=[one.channel.of for one in typists],
            all_read=[one.channel.all_read for one in typists],
            at=[one.at for one in typists],
        ),
    )


def read_sign(told: str) -> Sign | None:
    """None for what is no sign, as of another version during an update: it costs a moment, as a lost one does."""
    try:
        return Sign(*msgspec.json.decode(told, type=_TOLD))
    except msgspec.DecodeError:
        return None
