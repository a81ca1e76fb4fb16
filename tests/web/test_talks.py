"""Several talks on one page: which is in front stays, what is unread in the others is counted and said."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import Page, expect

from tests.house.stage import DESK, LOOK, PHONE, SMALL, Stage, expect_state

pytestmark = pytest.mark.browser

TALKS = """
title = "Talks"
[[room]]
name = "three"
seats = {any = 3}
[[step]]
page = "talk"
limit = "1h"
repeat = 2
chat = [
    {name = "all", title = "Everybody"},
    {name = "board", title = "The board of directors of this house", slots = [2, 3], read = "room"},
    {name = "two", of = "direct"},
]
fields = [{name = "belief", ask = "How sure are you?", kind = "integer", min = 0, max = 100}]
"""


def test_several_talks_on_a_phone_one_in_front_and_what_is_unread_in_the_others(stage: Stage) -> None:
    session = stage.open(TALKS, 3)
    page = stage.page(PHONE)
    page.goto(stage.link(session, "P1"))
    page.locator("main button").first.click()
    ben, cy = stage.guests(session, "P2", "P3", entry={})
    slots = dict(stage.house.sql("select label, slot from player where session_id = %s", session.id))
    slot = {guest: slots[guest.label] for guest in (ben, cy)}
    mine = slots["P1"]
    expect_state(page, "Live")
    body, counts = page.locator("#body"), page.locator(".tab .count:visible")
    expect(body).to_have_attribute("placeholder", "Write to Everybody")
    stage.say(ben, "Hello all", channel="all")
    expect(page.locator("#talk-all li")).to_contain_text("Hello all")
    expect(counts).to_have_count(0)
    # What comes elsewhere is counted, said, and one click away.
    board = next(one for one in (ben, cy) if slot[one] in (2, 3))
    stage.say(board, "Of the board", channel="board")
    expect(counts).to_have_text(["1"])
    expect(page.locator("#said-elsewhere")).to_have_text(
        "New message in The board of directors of this house"
    )
    page.locator("#newest").click()
    expect(page.locator("#talk-board li")).to_be_visible()
    expect(counts).to_have_count(0)
    if mine not in (2, 3):
        expect(body).to_be_hidden()
        expect(page.get_by_text("You can read here, but not write.")).to_be_visible()
    page.get_by_role("radio").nth(2).focus()
    page.keyboard.press("Space")
    body.fill("for you alone")
    page.keyboard.press("Enter")
    expect(page.locator(".area:has(:checked) .talk li.own")).to_contain_text("for you alone")
    # Whatever comes, it stays in front: the next round, a connection that was lost, the page loaded anew.
    before = page.locator(".tab:has(:checked)").inner_text()
    stage.say(ben, "And again", channel="all")
    expect(counts).to_have_text(["1"])
    page.reload()
    expect_state(page, "Live")
    expect(page.locator(".tab:has(:checked)")).to_have_text(before)
    expect(counts).to_have_text(["1"])
    stage.answer(ben, cy, belief="3")
    page.locator('[name="belief"]').fill("4")
    page.locator("#step button.main").click()
    expect(page.locator("#where")).to_contain_text("round 2 of 2")
    expect(page.locator(".tab:has(:checked)")).to_have_text(before)
    expect(counts).to_have_text(["1"])
    found: list[str] = []
    for size in (DESK, PHONE, SMALL):
        page.set_viewport_size({"width": size["width"], "height": size["height"]})
        found += page.evaluate(LOOK) if size is not DESK else []
        _picture(page, f"{size['width']}")
    assert found == []


def _picture(page: Page, name: str) -> None:
    if folder := os.environ.get("TALK_PICTURES"):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.locator(".tab").first.scroll_into_view_if_needed()
            page.screenshot(path=f"{folder}/{name}-{scheme}.png")
