"""In a real browser, with the page read out: what changes is heard, and heard once."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.house.hearing import hear, heard
from tests.house.market import give, market, slot_of
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
from tests.house.waits import apart

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


def test_of_a_board_that_is_longer_with_each_move_the_new_one_is_heard(stage: Stage) -> None:
    """The newest stands first, and moves all others a line down."""
    session = apart(lambda: stage.house.open_study(market(), {"player": 3}))
    page = stage.page()
    page.goto(stage.link(session, "P1"))
    page.get_by_role("button").last.click()
    [ben, _] = stage.guests(session, "P2", "P3", entry={})
    expect(page.locator("#moves")).to_be_visible()
    hear(page)
    to = apart(lambda: slot_of(stage.house, session, "P3"))
    for nth, amount in enumerate((7, 8, 9), 1):
        apart(lambda amount=amount: stage.house.tell(give(ben, amount, to)))  # type: ignore[misc]
        expect(page.locator("#moves tr")).to_have_count(nth)
    words = " ".join(of_the_page(page))
    assert [words.count(f"Give it {amount} ") for amount in (7, 8, 9)] == [1, 1, 1], words


def test_what_is_wrong_with_a_move_is_said_until_it_is_right_whatever_comes_meanwhile(stage: Stage) -> None:
    stage.bear("422")
    session = apart(lambda: stage.house.open_study(market(2), {"player": 2}))
    page = stage.page()
    page.goto(stage.link(session, "P1"))
    page.get_by_role("button").last.click()
    stage.guests(session, "P2", entry={})
    to = apart(lambda: slot_of(stage.house, session, "P2"))
    much, whom = page.get_by_label("How much?"), page.get_by_label("To whom?")
    much.fill("500")
    whom.fill(str(to))
    page.get_by_role("button", name="Give it").click()
    expect(much).to_have_accessible_description("Please give a whole number from 1 to 100.")
    stage.tell_everybody(session, "Ten minutes more")
    expect(page.locator(".banner")).to_be_visible()
    expect(much).to_have_accessible_description("Please give a whole number from 1 to 100.")
    expect(whom).to_have_value(str(to))
    much.fill("50")
    page.get_by_role("button", name="Give it").click()
    expect(page.locator("#moved-give")).to_have_text("Done.")
    expect(page.locator("#move-give [aria-invalid]")).to_have_count(0)
    expect(page.locator("#move-give .error")).to_have_count(0)


def of_the_page(page: Page) -> list[str]:
    """But for how it is connected, which is heard too."""
    return [one for one in heard(page) if one not in STATES]
