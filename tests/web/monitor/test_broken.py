"""Stories of a study's page that breaks in a session: players see ours, and the researcher is told."""

from __future__ import annotations

import re

from app.sessions.mending import mend
from app.study.reading import parse
from tests.house.desk import desk
from tests.house.guests import seated, sign_everyone_in
from tests.house.house import House
from tests.house.pages import words
from tests.house.server import Server
from tests.house.studies import PAGE, TALK

GAUGES = re.compile(r"(?:All|of) (\d+) gauges of the server")


def test_a_page_that_breaks_is_told_on_the_dashboard_until_it_is_mended(
    shared: House, server: Server, other_server: Server
) -> None:
    right = PAGE + "{% block after %}<p>Said {{ place.saved }} times.</p>{% endblock %}"
    wrong = right.replace("place.saved", "place.tolds")
    files = {"study.toml": TALK.encode(), "pages/talk.html": wrong.encode()}
    session = shared.open_files(files, {"red": 2, "blue": 2})
    ada = desk(shared, other_server, session)  # told by one process, read in another
    guests = [shared.guest(server, session, label) for label in session.tokens]

    async def play() -> None:
        page = words(await ada.page())
        assert "broke" not in page
        whole = GAUGES.findall(page)
        assert len(whole) == 1
        await sign_everyone_in(guests)
        for guest in guests:
            await seated(guest)
        assert "Said" not in await guests[0].page() and 'name="belief"' in await guests[0].page(), "ours"
        page = await ada.shows("A page of the study broke")
        assert "pages/talk.html" in page and "there is no `tolds` here" in page
        assert "broken pages 1 ours stand in" in page
        assert GAUGES.findall(page) == whole, "what broke is no gauge of the server"

    shared.tell(play())
    shared.act("pause", session)
    mended = parse(files | {"pages/talk.html": right.encode()})
    said = shared.do(lambda conn: mend(conn, session.id, mended, "ada"))
    assert "has the new pages/talk.html" in said
    shared.act("resume", session)

    async def go_on() -> None:
        assert "Said 0 times." in await guests[0].page()
        await ada.shows("study mended")
        assert "A page of the study broke" not in await ada.page()

    shared.tell(go_on())
