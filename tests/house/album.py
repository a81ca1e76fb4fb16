"""Albums: pages as people had them, to be held against what a replay makes of the logs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from app.database import clock
from app.database.connections import Connection, open_pool
from app.replay.reading import read_then
from app.sessions import sessions
from app.study.model.study import Study
from app.study.stored import Studies
from app.web.live.shared import Shared
from app.web.live.whereabouts import place_of
from app.web.replay.places import Stage, page_then
from app.web.signing import Keys
from tests.house.house import House


class Album:
    """Pages as they were shown, to be held against what the replay makes of the log."""

    def __init__(self, house: House, session_id: str, study: Study, players: Sequence[int]) -> None:
        self.house, self.session_id, self.study, self.players = house, session_id, study, players
        self.kept: list[tuple[datetime, int, str]] = []

    def keep(self) -> None:
        [(at,)] = self.house.sql("select clock_timestamp()")
        self.kept += [(at, player, self._now(player, at)) for player in self.players]

    def of(self, player: int) -> list[str]:
        return [page for _, one, page in self.kept if one == player]

    def look_at_again(self) -> None:
        for at, player, page in self.kept:
            assert self._then(player, at) == page

    def _now(self, player: int, at: datetime) -> str:
        async def read(conn: Connection) -> str:
            async with open_pool(self.house.database, 1) as pool:
                shared = Shared(Keys(b"secret"), Studies(pool))
                place = await place_of(conn, shared, self.session_id, player)
            assert place is not None
            with clock.standing_at(at):
                return _without_keys(place.html())

        return self.house.read(read)

    def _then(self, player: int, at: datetime) -> str:
        async def read(conn: Connection) -> str:
            session = await sessions.find_session(conn, self.session_id)
            then = await read_then(conn, self.session_id, at)
            return _without_keys(await page_then(conn, Stage(session, self.study, at, then), player))

        return self.house.read(read)


def _without_keys(page: str) -> str:
    return re.sub(r'name="form_key" value="[^"]*"', "", page)
