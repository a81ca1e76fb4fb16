"""Signs of life: when a player last did something, whatever it was and on whichever process.

Kept in memory and written once a second by web/monitor/ticker.py, in one statement for all. Each process also writes
since when and until when it has passed on what it heard: where nobody listened, because servers or database were
away, nobody was silent. Who is, and what follows, is for rooms/dropouts.py to say.
"""

from __future__ import annotations

from datetime import datetime

from app.database import clock
from app.database.connections import Connection
from app.database.queries import Queries
from app.study.model.study import Study

SQL = Queries(__name__)


class Signs:
    def __init__(self) -> None:
        self.unwritten: dict[int, datetime] = {}  # by player

    def gave(self, study: Study, player_id: int) -> None:
        """This player has just done something. Costs nothing where the study never asks who is still there."""
        if study.hears:
            self.unwritten[player_id] = clock.now()

    async def write(self, conn: Connection, process: str) -> None:
        until, given = clock.now(), self.unwritten
        self.unwritten = {}
        try:
            await put(conn, given)
            await conn.execute(SQL["put_heard"], dict(process=process, until=until))
        except BaseException:
            self.unwritten = given | self.unwritten
            raise


async def put(conn: Connection, signs: dict[int, datetime]) -> None:
    if signs:
        # By number, as any other process does it: two that write the same players never wait for each other in turn.
        players = sorted(signs)
        await conn.execute(SQL["put_signs"], dict(players=players, at=[signs[one] for one in players]))
