"""What a researcher does stands on the players' pages, each side on a server process of its own."""

from __future__ import annotations

import pytest

from tests.house.server import Server
from tests.house.sides import CLICKED, PEOPLE, STUDY, Sides, come
from tests.house.stage import DESK, Stage, expect_state, log_in
from tests.house.waits import apart

pytestmark = pytest.mark.browser


def test_each_action_of_the_researcher_comes_to_the_players_page_through_another_process(
    stage: Stage, server: Server, other_server: Server
) -> None:
    theirs, ours = other_server, server
    assert theirs.popen.pid != ours.popen.pid and len(stage.house.workers()) == 2
    session = apart(lambda: stage.house.open(STUDY, PEOPLE))
    desk = stage.page(DESK)
    desk.add_init_script(CLICKED)
    log_in(stage, desk)
    pages = come(session, stage.page, theirs.base, lambda page: expect_state(page, "Live"))
    ids = dict(stage.house.sql("select label, id from player where session_id = %s", session.id))

    delays = dict(Sides(session, desk, pages, ours.base, ids).play())
    print({what: round(delay) for what, delay in delays.items()})
    assert len(delays) == 12 and all(delay > 0 for delay in delays.values())
    assert all(page.url.startswith(theirs.base) for page in pages.values())
    assert desk.url.startswith(ours.base)
    assert stage.house.contradictions(session) == []
