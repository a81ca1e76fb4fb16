"""In a real browser, with the page read out: what changes is heard, and heard once."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.house.hearing import hear, heard
from tests.house.stage import (
    DESK,
    PAIR,
    Stage,
    ask_for_help,
    come_in,
    expect_round,
    expect_state,
    fill_in,
    log_in,
    save,
    ticks,
)

pytestmark = pytest.mark.browser
STATES = {"Connecting…", "Live", "Saving…", "Live · saved"}


def test_whoever_has_the_page_read_out_hears_each_change_once(stage: Stage) -> None:
    session = stage.open(PAIR, 2)
    page, desk = stage.page(), stage.page(DESK)
    come_in(page, stage.link(session, "P1"))
    expect_state(page, "Live")
    log_in(stage, desk)
    desk.goto(f"{stage.server.base}/admin/sessions/{session.id}")
    for one in (page, desk):
        hear(one)

    # Nothing has the focus as the room opens: without a word somebody who does not see it would wait on.
    [ben] = stage.guests(session, "P2")
    expect_round(page, 1)
    stage.say(ben, "Hello")
    expect(page.locator("#talk li")).to_have_count(1)
    fill_in(page)
    save(page)
    expect_state(page, "Live · saved")
    ask_for_help(page, "Is anybody there?")
    expect(desk.locator(".asks")).to_be_visible()
    stage.act("pause", session)
    expect(page.locator(".paused")).to_be_visible()
    stage.act("resume", session)
    expect(page.locator(".paused")).to_have_count(0)
    stage.tell_everybody(session, "Ten minutes more")
    expect(page.locator(".banner")).to_be_visible()
    # And here the focus stays where it is, in what was asked.
    stage.answer(ben)
    expect_round(page, 2)
    ticks(desk, 2)
    assert heard(desk) == ["P1 asks for help: Is anybody there?"]
    stage.act("close", session)
    expect(page.locator("#code")).to_be_visible()
    opened, said, *rest = of_the_page(page)
    assert (opened, said.partition(" ")[2]) == ("round 1 of 2: Your answers", "Hello")
    assert rest == [
        "They have your question.",
        "The session is paused. The clock stands still; what you type is kept.",
        "The session goes on.",
        "Ten minutes more",
        "1 of 1 neighbour has answered.",
        "round 2 of 2: Your answers",
        "Thank you. The session was ended by the researchers.",
    ]


def of_the_page(page: Page) -> list[str]:
    """But for how it is connected, which is heard too."""
    return [one for one in heard(page) if one not in STATES]
