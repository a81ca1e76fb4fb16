"""Erasures that wait: what players asked for on their own pages, and the clearing away after each."""

from __future__ import annotations

import asyncio
import logging

import psycopg

from app.database.connections import Line
from app.sessions import erasing
from app.sessions.sessions import SessionError

PACE = 2.0  # seconds between two looks
THE_PLAYER = "the player"
WHY = "asked for on their own page"
logger = logging.getLogger(__name__)


class Erasures:
    """In every process; the locks see to it that each is done once."""

    def __init__(self, url: str) -> None:
        self.line = Line(url, "erasures")

    async def run(self) -> None:
        while True:
            await asyncio.sleep(PACE)
            try:
                await self.carry_out()
            except SessionError as error:  # somebody was quicker
                logger.warning("an erasure is tried again: %s", error)
            except (psycopg.Error, OSError, TimeoutError) as error:
                logger.warning("erasures are tried again: %s", str(error).partition("\n")[0])
                self.line.drop()

    async def carry_out(self) -> None:
        conn = await self.line.get()
        if not await erasing.is_anything_due(conn):
            return
        for player_id, session_id in await erasing.wanted(conn):
            async with conn.transaction():
                await erasing.erase(conn, session_id, THE_PLAYER, WHY, player_id=player_id)
        await erasing.sweep(conn)
