"""Stories of a session's pages: which events make this process render the lobby again."""

from __future__ import annotations

import asyncio

from app.database.connections import open_pool
from app.database.events import events_after
from app.rooms import parts
from app.study.stored import Studies
from app.web.live.feeds import Live
from app.web.live.page import Page
from app.web.signing import read_keys
from tests.house.crowd import come, seat
from tests.house.house import House


def test_the_lobby_is_rendered_again_for_what_it_shows_and_for_nothing_else(house: House) -> None:
    session = house.open(people={"red": 3, "blue": 2})
    come(house, session, *session.tokens)
    assert seat(house, session) == 4
    [(waits,)] = house.sql("select id from player where status = 'waiting'")
    [(room,)] = house.sql("select id from room")

    async def story() -> None:
        rendered: dict[str, int] = {}
        async with open_pool(house.database, 2) as pool, pool.connection() as conn:
            studies = Studies(pool)
            live = Live(house.database, pool, await read_keys(conn), studies)
            page = Page(waits, session.id)
            assert b'id="wait"' in await live.snapshot(page)
            await parts.end(conn, [room], "complete", await studies.of(session.id))
            await asyncio.to_thread(house.act, "pause", session)
            [(log, feed)] = live.sessions.items()
            assert feed.waiting == {page}
            events = await events_after(conn, {log: 0}, 100)
            for event in events:
                page.queue.clear()
                page.stale = False
                feed.publish([event])
                if feed.rendering:
                    await feed.rendering
                rendered[event.name] = len(page.queue)
        assert rendered == {
            "session_started": 0,
            "player_signed_in": 1,
            "room_opened": 1,
            "player_placed": 1,
            "room_ended": 0,
            "session_paused": 0,
        }

    house.tell(story())
