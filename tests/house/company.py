"""A company: all of a room whose pages are open in one process, which is that of the story."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from app.database.connections import Connection, open_pool
from app.database.events import events_after
from app.rooms import messages, records
from app.rooms.messages import NewMessage
from app.rooms.records import Answer, form_id
from app.sessions import actions
from app.study.stored import Studies
from app.web.live.feeds import Live
from app.web.live.page import Page
from app.web.signing import read_keys
from tests.house.house import House, Opened
from tests.house.studies import NEAR


@dataclass
class Company:
    """A room whose pages are all open in this process, by player."""

    house: House
    session: Opened
    live: Live
    conn: Connection
    room_id: int
    log_id: int
    pages: dict[int, Page]
    seq: int = 0

    @property
    def looks(self) -> int:
        """How often the database was asked for something."""
        return self.live.pool.get_stats()["requests_num"]

    async def hear(self) -> None:
        """What has happened since reaches the pages."""
        events = await events_after(self.conn, {self.log_id: self.seq}, 10_000)
        self.seq = events[-1].seq
        await self.live.publish(events)

    async def drawn(self) -> None:
        """All that is still to be drawn of it is."""
        feed = self.live.rooms[self.log_id]
        for task in (feed.opening.task, feed.showing.task):
            if task:
                await task

    async def advance(self, position: int) -> None:
        study = await self.live.studies.of(self.session.id)
        async with self.conn.transaction():
            await actions.advance(self.conn, self.session.id, study, self.room_id, position, "ada")

    async def answer(self, said: dict[int, str]) -> None:
        """Player → belief, at the step `guess`."""
        answers = [
            Answer(
                player, self.room_id, "guess", 1, (("belief", one),), form_id(player, "k", (("belief", one),))
            )
            for player, one in said.items()
        ]
        async with self.conn.transaction():
            await records.store(self.conn, answers)

    async def say(self, player: int, body: str, step: str) -> None:
        form = form_id(player, body, (("body", body),))
        async with self.conn.transaction():
            stored = await messages.store(
                self.conn, [NewMessage(player, self.room_id, None, step, NEAR, body, form)]
            )
        assert None not in stored

    def shows(self, player: int) -> str:
        """What the page shows since all of it was drawn the last time."""
        said = b"".join(self.pages[player].queue).decode()
        return said[max(0, said.rfind('hx-target="#page"')) :]

    def empty(self) -> None:
        for page in self.pages.values():
            page.queue.clear()


@asynccontextmanager
async def together(house: House, session: Opened) -> AsyncIterator[Company]:
    [(room_id, log_id, seq)] = house.sql(
        "select r.id, l.id, l.last_seq from room r join log l on l.room_id = r.id where r.session_id = %s",
        session.id,
    )
    players = [one for (one,) in house.sql("select id from player where room_id = %s order by slot", room_id)]
    async with open_pool(house.database, 4) as pool, pool.connection() as conn:
        live = Live(house.database, pool, await read_keys(conn), Studies(pool))
        pages = {player: Page(player, session.id) for player in players}
        for page in pages.values():
            await live.snapshot(page)
        yield Company(house, session, live, conn, room_id, log_id, pages, seq)
