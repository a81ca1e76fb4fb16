"""Stories of the picture of a room: who is drawn how, and what is sent again."""

from __future__ import annotations

import re

from app.database.connections import Connection
from app.rooms import rooms
from app.web.monitor.drawing import drawing_of
from tests.house.crowd import come, seat
from tests.house.desk import desk
from tests.house.house import House
from tests.house.pages import words
from tests.house.server import Server

ROOM = """
title = "Drawn"
[[room]]
name = "all"
seats = {any = %d}
[network]
kind = "random_regular"
[[step]]
page = "talk"
limit = "1h"
chat = "neighbours"
fields = [{name = "belief", ask = "How many?", kind = "integer", min = 0, max = 99}]
"""


def test_a_large_room_is_drawn_as_dots_whose_lines_are_sent_once_and_listed_by_the_hundred(
    shared: House, server: Server
) -> None:
    session = shared.open(ROOM % 120, {"any": 120})
    come(shared, session, *session.tokens)
    seat(shared, session)  # or the server has by now
    [(room_id,)] = shared.sql("select id from room where session_id = %s", session.id)
    ada, address = desk(shared, server, session), f"/rooms/{room_id}"

    async def story() -> None:
        page = words(await ada.page(address))
        assert ("is being laid out" in page) != ("120 page away" in page), "one or the other"
        await ada.shows("120 page away", address)
        page = await ada.page(address)
        assert re.search(r'<path class="ties"[^>]* d="M', page) and "<text " not in page
        assert "120 page away" in words(page) and page.count("h0") == 121, "a dot each, and one in the legend"
        assert "Seats 1 to 100 of 120" in words(page) and page.count('<th scope="row">') == 100
        [drawn] = re.findall(r'id="drawn" name="drawn" value="(\w+)"', page)
        again = await ada.page(f"{address}?seat=101&drawn={drawn}")
        assert "Seats 101 to 120 of 120" in words(again) and again.count('<th scope="row">') == 20
        assert f'id="ties-{drawn}"' in again and not re.search(r'class="ties"[^>]* d=', again)
        card = await ada.page()
        assert "120 pages away" in words(card)
        assert len(re.findall(r'class="is-away" (x="0" )?width="1', card)) == 2, (
            "its bar, and what its colour means"
        )

    shared.tell(story())


def test_whoever_looks_first_does_not_wait_for_the_picture(shared: House) -> None:
    session = shared.open(ROOM % 120, {"any": 120})
    come(shared, session, *session.tokens)
    seat(shared, session)
    [(room_id,)] = shared.sql("select id from room where session_id = %s", session.id)

    async def story(conn: Connection) -> None:
        view = await rooms.view(conn, room_id)
        assert not (await drawing_of(view, 0.0)).points
        assert len((await drawing_of(view)).points) == 120
        assert len((await drawing_of(view, 0.0)).points) == 120, "and nobody waits later"

    shared.read(story)


def test_a_small_room_has_its_names_beside_its_slots(shared: House, server: Server) -> None:
    session = shared.open(ROOM % 20, {"any": 20})
    come(shared, session, *session.tokens)
    seat(shared, session)  # or the server has by now
    [(room_id,)] = shared.sql("select id from room where session_id = %s", session.id)
    ada = desk(shared, server, session)

    async def story() -> None:
        page = await ada.page(f"/rooms/{room_id}")
        names = re.findall(r'<text[^>]*text-anchor="(\w+)">([^<]+)</text>', page)
        assert sorted(name for _, name in names) == sorted(session.tokens)
        assert {end for end, _ in names} == {"start", "middle", "end"}

    shared.tell(story())
