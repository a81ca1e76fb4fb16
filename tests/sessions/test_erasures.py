"""Stories of a researcher who erases on their pages, and of who may not."""

from __future__ import annotations

import re

from app.web.access.accounts import put_account
from tests.house.desk import desk, numbers
from tests.house.house import House
from tests.house.server import Server
from tests.house.studies import LONG
from tests.house.table import at_the_table
from tests.house.waits import until


def test_a_person_who_left_and_then_a_session_that_is_closed_are_erased_with_two_clicks(
    shared: House, server: Server
) -> None:
    session = shared.open(LONG)
    ada, ids = desk(shared, server, session), numbers(shared, session)
    shared.do(lambda conn: put_account(conn, "oscar", "a long password", True))
    oscar = desk(shared, server, session, "oscar")

    async def story() -> None:
        first, *others = (await at_the_table(shared, server, session)).values()
        await first.answer({"belief": "5", "why": "My uncle Anselm"})
        await first.say("I am Anselm’s niece")
        of = f"/players/{ids[first.label]}"
        form = {"answers": "text", "why": "asked by mail", "sure": "yes"}
        assert 'id="act-erase"' not in await ada.page(of)
        refused = await ada.do(f"{of}/erase", form)
        assert (refused.status, "Take them out first" in refused.text) == (409, True)
        await first.browser.post("/play/leave", {})
        refused = await ada.do(f"{of}/erase", form)
        assert (refused.status, "still plays" in refused.text) == (409, True)
        for guest in others:
            await guest.browser.post("/play/leave", {})
        await until(
            lambda: shared.sql("select 1 from room where session_id = %s and status = 'ended'", session.id),
            "the end of the room",
        )
        page = await ada.page(of)
        assert 'id="act-erase"' in page and "Anselm’s niece" in page
        refused = await ada.do(f"{of}/erase", {**form, "sure": ""})
        assert (refused.status, "tick that you are sure" in refused.text) == (409, True)
        assert (await oscar.do(f"{of}/erase", form)).status == 403
        assert "Anselm" in await ada.page(of)

        done = await ada.do(f"{of}/erase", form)
        assert (done.status, f"Erased of {first.label}" in done.text) == (200, True)
        page = await ada.page(of)
        assert f"erased {ids[first.label]}" in page and "(erased)" in page and "Anselm" not in page
        assert re.search(r"what was personal was erased \(asked by mail\)", page)
        assert "Anselm" not in await ada.page(f"/replay?player={ids[first.label]}")
        # Their browser still knows them: as somebody of whom nothing is left but the count.
        own = await first.page()
        assert "What was personal has been deleted" in own and 'id="receipt"' not in own
        assert (await first.browser.get(f"/join/{first.token}")).status == 404
        assert others[0].label in await ada.page("/players")

        assert (await ada.do("/erase", form)).status == 409
        shared_closed = await ada.browser.post(f"{ada.here}/close", {})
        assert shared_closed.status == 303
        assert 'id="erase"' in await ada.page()
        done = await ada.do("/erase", {**form, "answers": "all"})
        assert (done.status, "Erased of everybody" in done.text) == (200, True)
        people = await ada.page("/players")
        assert not any(f">{label}<" in people for label in session.tokens)

        def is_swept() -> bool:
            found = shared.sql(
                "select count(*), count(swept_at) from erasure where session_id = %s", session.id
            )
            return found == [(2, 2)]

        await until(is_swept, "the sweep after both")

    shared.tell(story())
    assert shared.contradictions(session) == []
