"""What a researcher does stands on the players' pages, each side on a server process of its own."""

from __future__ import annotations

import pytest

from tests.house import apart
from tests.sides import CLICKED, PEOPLE, STUDY, Sides, come
from tests.stage import DESK, Stage, expect_state, log_in

pytestmark = pytest.mark.browser


def test_each_action_of_the_researcher_comes_to_the_players_page_through_another_process(
    alone: Stage,
) -> None:
    alone.serve()
    theirs = alone.server
    alone.serve()
    ours = alone.server
    assert theirs.popen.pid != ours.popen.pid and len(alone.house.workers()) == 2
    session = apart(lambda: alone.house.open(STUDY, PEOPLE))
    desk = alone.page(DESK)
    desk.add_init_script(CLICKED)
    log_in(alone, desk)
    pages = come(session, alone.page, theirs.base, lambda page: expect_state(page, "Live", 15_000))
    ids = dict(alone.house.sql("select label, id from player where session_id = %s", session.id))

    delays = dict(Sides(session, desk, pages, ours.base, ids).play())
    print({what: round(delay) for what, delay in delays.items()})
    assert len(delays) == 11 and all(delay > 0 for delay in delays.values())
    assert all(page.url.startswith(theirs.base) for page in pages.values())
    assert desk.url.startswith(ours.base)
    assert alone.house.contradictions(session) == []
