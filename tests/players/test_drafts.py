"""Stories of what was typed and never sent: whose it is, and when it goes."""

from __future__ import annotations

import asyncio

from tests.house.desk import desk, numbers
from tests.house.house import House, Opened
from tests.house.server import Server
from tests.house.studies import LONG, changed
from tests.house.table import at_the_table
from tests.house.waits import until

ONE_ROUND = changed(LONG, "repeat = 3", "repeat = 2")


def kept(house: House, session: Opened) -> list[str]:
    """Whose drafts the database has, and of which form."""
    query = """select p.label || ' ' || d.form from draft d join player p on p.id = d.player_id
        where p.session_id = %s order by 1"""
    return [line for (line,) in house.sql(query, session.id)]


def test_a_draft_is_shown_to_its_writer_alone_and_goes_with_its_step_its_room_and_its_writer(
    shared: House, server: Server
) -> None:
    session = shared.open(ONE_ROUND)
    ada = desk(shared, server, session)

    async def story() -> None:
        first, second, *_ = table = [*(await at_the_table(shared, server, session)).values()]
        form = await first.form()
        draft = {"draft": "answers", "draft_key": form["form_key"], "why": "never to be sent"}
        half = {"draft": "message", "draft_key": "talk", "body": "half a message"}
        plea = {"draft": "help", "draft_key": "help", "body": "never asked"}
        for typed in (draft, half, plea):
            assert (await first.browser.post("/play/draft", typed)).status == 204
        assert (await second.browser.post("/play/draft", half)).status == 204
        assert kept(shared, session) == sorted(
            f"{one.label} {form}"
            for one, form in [(first, "answers"), (first, "help"), (first, "message"), (second, "message")]
        )
        own = await first.page()
        assert all(words in own for words in ("never to be sent", "half a message", "never asked"))
        read = await ada.page(f"/players/{numbers(shared, session)[first.label]}")
        read += await ada.page(f"/replay?player={numbers(shared, session)[first.label]}")
        assert "How sure are you?" in read
        assert not any(words in read for words in ("never to be sent", "half a message", "never asked"))

        await second.browser.post("/play/leave", {})
        assert not any(second.label in line for line in kept(shared, session))
        for guest in table:
            if guest is not second:
                assert (await guest.answer({"belief": "5"})).status == 200
        await until(lambda: kept(shared, session) == [], "the step's drafts to go")
        # On its way since before the step ended: it belongs to nothing any more. Who is out types nothing.
        assert (await first.browser.post("/play/draft", draft)).status == 204
        assert (await second.browser.post("/play/draft", half)).status == 204
        assert kept(shared, session) == []
        now = {**draft, "draft_key": (await first.form())["form_key"]}
        assert (await first.browser.post("/play/draft", now)).status == 204
        assert kept(shared, session) == [f"{first.label} answers"]
        await asyncio.to_thread(shared.act, "close", session)
        assert kept(shared, session) == []

    shared.tell(story())
