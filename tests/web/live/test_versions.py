"""Stories of pages that ask for news because no stream gets through to them."""

from __future__ import annotations

import asyncio

from app.rehearsal.browser import Reply
from tests.house.guests import Guest, seated
from tests.house.house import House
from tests.house.server import Server
from tests.house.waits import until

ASKS = {"HX-Request": "true"}


async def asks(guest: Guest, having: str = "") -> Reply:
    return await guest.browser.get("/play", ASKS | ({"If-None-Match": having} if having else {}))


def test_who_asks_gets_a_page_only_if_it_shows_something_new(shared: House, server: Server) -> None:
    session = shared.open()

    async def story() -> None:
        first, second, *others = [shared.guest(server, session, label) for label in session.tokens]
        await first.sign_in()
        versions: list[str] = []

        async def news(seen: str) -> None:
            """The page with something new, after which nothing is."""
            answer = await asks(first, versions[-1] if versions else "")
            assert answer.status == 200 and seen in answer.text, answer.text
            versions.append(answer.headers["etag"])
            for known in (versions[-1], f"W/{versions[-1]}"):
                again = await asks(first, known)
                assert (again.status, again.body) == (304, b"")
                assert int(again.headers["as-of"]) >= int(answer.headers["as-of"])

        await news("1 of 4")
        for guest in (second, *others):
            await guest.sign_in()
        await seated(first)
        await news("round 1 of 3")
        await second.say("Hello")
        for guest in (second, *others):
            await guest.answer({"belief": "1"})
        await news("have answered")
        await first.answer({"belief": "2"})
        await first.shows("round 2 of 3")
        await news("round 2 of 3")
        await asyncio.to_thread(shared.act, "pause", session)
        await news("The session is paused")
        await asyncio.to_thread(shared.act, "close", session)
        await news('id="code"')
        assert len(set(versions)) == len(versions)

    shared.tell(story())


def test_who_asks_is_connected_as_long_as_they_do(shared: House, server: Server) -> None:
    session = shared.open()
    here = "select count(*) from presence where session_id = %s and until is null"

    async def story() -> None:
        guest = shared.guest(server, session, "R1")
        await guest.sign_in()
        for _ in range(3):
            assert (await asks(guest)).status == 200
        await until(lambda: shared.sql(here, session.id) == [(1,)], "somebody who is connected, once")
        await until(lambda: shared.sql(here, session.id) == [(0,)], "that they are gone")

    shared.tell(story())
