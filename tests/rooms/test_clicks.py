"""Pages that are only read: a room goes on as soon as everybody has clicked."""

from __future__ import annotations

import asyncio

from app.export.verify import verify
from app.study.reading import check, parse
from tests.house.house import House
from tests.house.pages import words
from tests.house.server import Server
from tests.house.studies import as_files, changed
from tests.house.table import at_the_table

READ = """
title = "Read"
[[room]]
name = "pair"
seats = {any = 2}
[[step]]
page = "talk"
name = "result"
limit = "10m"
button = "Next"
[[step]]
page = "talk"
name = "ask"
limit = "10m"
button = "Send"
fields = [{name = "sent", ask = "How many?", kind = "integer"}]
"""


def test_a_room_goes_on_as_soon_as_all_have_clicked(shared: House, server: Server) -> None:
    session = shared.open(READ, {"x": 2})

    async def story() -> None:
        table = await at_the_table(shared, server, session)
        page = words(await table[1].page())
        assert "Next It goes on as soon as everybody has clicked" in page and "not saved by then" not in page
        async with table[2].watching() as stream:
            saved = await table[1].answer({})
            assert "Thank you. It goes on by itself." in saved.text
            await stream.until(lambda text: "1 of 1 neighbour is ready." in text, "the other's click")
            assert "Thank you." in await table[1].page()
            await table[2].answer({})
            await stream.until(lambda text: "How many?" in text, "the next step")
        page = words(await table[1].shows("How many?"))
        assert "Send It goes on as soon as everybody has answered" in page

    shared.tell(story())
    clicks = shared.sql("select step, field, value from record where session_id = %s", session.id)
    assert clicks == [("result", "clicked", "yes")] * 2
    assert asyncio.run(verify(shared.database, session.id, parse(as_files(READ)))).ok


def test_without_a_button_such_a_page_lasts_until_its_limit() -> None:
    read, asked = parse(as_files(READ)).steps
    assert (read.ends, read.asks, asked.asks) == ("answered", False, True)
    lasting = parse(as_files(changed(READ, 'button = "Next"\n'))).steps[0]
    assert (lasting.ends, lasting.fields) == ("deadline", ())
    at_own_pace = changed(READ, 'button = "Next"', 'button = "Next"\nwait_for = "none"')
    assert check(as_files(at_own_pace)) == []
