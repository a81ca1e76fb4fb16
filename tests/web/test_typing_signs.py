"""Who is typing, as it stands on a page: nothing moves for it, nothing is read out, and nobody sees what is typed."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import Page, Request, expect

from tests.house.stage import LOOK, PHONE, SMALL, Stage, come_in, expect_state

pytestmark = pytest.mark.browser

STUDY = """
title = "Typing"
language = "LANGUAGE"
[entry]
fields = [
    {name = "age", ask = "Your age in years", kind = "integer", min = 18, max = 120},
    {name = "news", ask = "Do you follow the news?", kind = "choice", options = ["Every day", "Never"]},
]
[[room]]
name = "pair"
seats = {any = 2}
[[step]]
page = "talk"
limit = "1h"
chat = "room"
typing = true
fields = [{name = "belief", ask = "How sure are you?", kind = "integer", min = 0, max = 100}]
"""
ENTRY = {"age": "33", "news": "Never"}


def test_who_is_typing_is_seen_until_the_message_comes_and_the_composer_stands_still(stage: Stage) -> None:
    session = stage.open(STUDY.replace("LANGUAGE", "en"), 2)
    ada, ben = stage.page(PHONE), stage.page(PHONE)
    for page, label in ((ada, "P1"), (ben, "P2")):
        come_in(page, stage.link(session, label))
    for page in (ada, ben):
        expect_state(page, "Live")
    sent: list[Request] = []
    ada.on("request", lambda one: sent.append(one) if one.url.endswith("/play/typing") else None)
    line, body = ben.locator("#typing-talk"), ben.locator("#body")
    expect(line).to_have_text("")
    body.fill("I think that")
    below = ben.get_by_text("I need help")
    before = body.bounding_box(), below.bounding_box(), ben.evaluate("scrollY")
    ada.locator("#body").press_sequentially("What do you think of it, Ben?", delay=20)
    expect(line).to_contain_text("is typing…")
    _picture(ben, "seen")
    assert (body.bounding_box(), below.bounding_box(), ben.evaluate("scrollY")) == before
    expect(body).to_be_focused()
    assert line.get_attribute("aria-live") == "off"
    assert line.evaluate("node => !node.closest('[aria-live=polite], [role=status], [role=alert]')")
    assert 1 <= len(sent) <= 2 and all("think" not in (one.post_data or "") for one in sent)
    ada.keyboard.press("Enter")
    expect(ben.locator("#talk li")).to_contain_text("What do you think of it, Ben?")
    expect(line).to_have_text("")
    # The other one has typed, too, and it is not told to themselves.
    expect(ada.locator("#typing-talk")).to_contain_text("is typing…")
    expect(line).to_have_text("")
    ada.set_viewport_size({"width": 320, "height": 568})
    assert ada.evaluate(LOOK) == []


def test_who_is_typing_is_said_from_the_right_where_one_reads_from_there(stage: Stage) -> None:
    session = stage.open(STUDY.replace("LANGUAGE", "he"), 2)
    page = stage.page(SMALL)
    page.goto(stage.link(session, "P1"))
    page.locator('[name="age"]').fill("33")
    page.locator('[name="news"]').last.check()
    page.locator("main button").first.click()
    (ben,) = stage.guests(session, "P2", entry=ENTRY)
    expect(page.locator("#body")).to_be_visible()
    expect(page.locator("#state")).to_have_attribute("data-state", "live")
    stage.type(ben)
    line = page.locator("#typing-talk")
    expect(line).to_contain_text("מקליד")
    assert line.evaluate("node => getComputedStyle(node).direction") == "rtl"
    assert line.locator("bdi").count() == 1 and page.evaluate(LOOK) == []
    _picture(page, "from-right")


def _picture(page: Page, name: str) -> None:
    if folder := os.environ.get("TALK_PICTURES"):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=f"{folder}/{name}-{scheme}.png")
