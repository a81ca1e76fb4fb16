"""Presence: which players' pages are connected to this process, and when a link was first opened.

Kept in memory and written once a second by web/monitor/ticker.py: it is telemetry, and nothing that happens in a
session waits for it or rests on it. What a researcher sees is read from the tables, over all processes.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from app.database import clock
from app.database.connections import Connection
from app.database.queries import Queries, rows, value

SQL = Queries(__name__)
MOST = 2000  # lines written at once
BLINK = 3.0  # seconds: a page that is reloaded was not away
LONGEST = 120.0  # seconds between two loads after which a page without scripts may well be gone
ASKS = 12.0  # seconds that a page which asks, as no stream gets through to it, counts as connected each time


@dataclass(slots=True)
class Stay:
    """From when to when some page of a player was connected to this process."""

    player_id: int
    session_id: str
    since: datetime
    until: datetime | None = None
    pages: int = 0


@dataclass(frozen=True, slots=True)
class Spell:
    """From when to when some page of a player was connected to any process; `until` is None while one is."""

    since: datetime
    until: datetime | None


class Presence:
    def __init__(self) -> None:
        self.here: dict[int, Stay] = {}  # by player
        self.unwritten: dict[int, Stay] = {}  # by identity, in the order of their change
        self.visits: dict[int, tuple[str, datetime]] = {}  # not yet written
        # Player → the end of what they count as connected for
        self.asking: dict[int, asyncio.TimerHandle] = {}

    def pages(self, player_id: int) -> int:
        return self.here[player_id].pages if player_id in self.here else 0

    def came(self, player_id: int, session_id: str) -> None:
        """One more page of this player is connected."""
        stay = self.here.get(player_id)
        if stay is None:
            stay = self.here[player_id] = Stay(player_id, session_id, clock.now())
            self.unwritten[id(stay)] = stay
        stay.pages += 1

    def went(self, player_id: int) -> None:
        stay = self.here[player_id]
        stay.pages -= 1
        if not stay.pages:
            stay.until = clock.now()
            del self.here[player_id]
            self.unwritten[id(stay)] = stay

    def asked(self, player_id: int, session_id: str, after: float = 0.0) -> None:
        """A page of this player asks for news, now and then, instead of being connected: again after these seconds."""
        if player_id in self.asking:
            self.asking[player_id].cancel()
        else:
            self.came(player_id, session_id)
        loop = asyncio.get_running_loop()
        self.asking[player_id] = loop.call_later(ASKS + min(after, LONGEST), self._asks_no_more, player_id)

    def _asks_no_more(self, player_id: int) -> None:
        del self.asking[player_id]
        self.went(player_id)

    def opened(self, player_id: int, session_id: str) -> None:
        """The link was opened, by the player or by a scanner on the way."""
        self.visits.setdefault(player_id, (session_id, clock.now()))

    def write_again(self) -> None:
        """Postgres was away, and may have lost what stood there."""
        self.unwritten |= {id(stay): stay for stay in self.here.values()}

    async def write(self, conn: Connection, process: str) -> None:
        if self.unwritten:
            stays = list(self.unwritten.values())[:MOST]
            written = [(one, one.until) for one in stays]
            await conn.execute(
                SQL["put_presence"],
                dict(
                    process=process,
                    players=[one.player_id for one in stays],
                    sessions=[one.session_id for one in stays],
                    since=[one.since for one in stays],
                    until=[until for _, until in written],
                ),
            )
            for stay, until in written:
                if stay.until == until:  # else it has ended meanwhile, and that is to be written
                    self.unwritten.pop(id(stay), None)
        if self.visits:
            visits = dict(list(self.visits.items())[:MOST])
            sessions, at = zip(*visits.values(), strict=True)
            await conn.execute(
                SQL["put_visits"], dict(players=list(visits), sessions=list(sessions), at=list(at))
            )
            for player_id in visits:
                del self.visits[player_id]


async def end(conn: Connection, process: str) -> None:
    """No page is connected to this process: it ends, or it has just begun and another had its name."""
    await conn.execute(SQL["end_presence"], dict(process=process))


async def spells(conn: Connection, player_id: int) -> list[Spell]:
    """In order, each away from the next by more than a `BLINK`."""
    merged: list[Spell] = []
    for spell in await rows(conn, Spell, SQL["spells"], player_id=player_id):
        last = merged[-1] if merged else None
        if last is None or (last.until and (spell.since - last.until).total_seconds() > BLINK):
            merged.append(spell)
        elif last.until and (spell.until is None or spell.until > last.until):
            merged[-1] = Spell(last.since, spell.until)
    return merged


async def opened_at(conn: Connection, player_id: int) -> datetime | None:
    found: datetime | None = await value(conn, SQL["opened_at"], player_id=player_id)
    return found


async def is_connected(conn: Connection, session_id: str, player_id: int) -> bool:
    """Whether some page of theirs is connected to some process, as it was a second or two ago."""
    return bool(await value(conn, SQL["is_connected"], session_id=session_id, player_id=player_id))
