"""In a real browser: a researcher's pages in small windows, where what one looks for must not be elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.house.stage import DESK, PAIR, Stage, log_in

pytestmark = pytest.mark.browser
PHONES = {"width": 320, "height": 640}, {"width": 390, "height": 844}
# Lines in which the words of each are written
LINES = """all => all.map((one) => {
    const range = document.createRange();
    range.selectNodeContents(one);
    return new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size;
})"""
WRONG = """
title = "Sharing twenty"
[[room]]
name = "pair"
seats = {any = 2}
[[step]]
page = "offer"
limit = "60s"
fields = [{name = "offer", ask = "How much of the twenty do you offer?", kind = "integr", min = 0, max = 20}]
"""


def test_what_opens_from_a_bar_stands_in_the_window_below_its_button(stage: Stage) -> None:
    session, desk = stage.open(PAIR, 2, start=False), stage.page(DESK)
    log_in(stage, desk)
    desk.goto(f"{stage.server.base}/admin/sessions/{session.id}")
    for window in (*PHONES, DESK):
        desk.set_viewport_size({"width": window["width"], "height": window["height"]})
        desk.get_by_text("More…").click()
        close = desk.locator(".menu").get_by_text("Close…")
        expect(close).to_be_visible()
        button, card = _box(desk.locator(".menu > summary")), _box(desk.locator(".menu > .card"))
        assert card["left"] >= 0 and card["right"] <= window["width"], (window, card)
        assert button["bottom"] <= card["top"] <= button["bottom"] + 24 < window["height"], (
            window,
            button,
            card,
        )
        desk.get_by_text("More…").click()
        expect(close).to_be_hidden()


def test_no_word_of_a_way_on_is_broken_on_a_phone(stage: Stage) -> None:
    desk = stage.page(PHONES[0])
    log_in(stage, desk)
    for page in ("/admin", "/admin/studies", "/admin/manual", "/admin/compare"):
        desk.goto(f"{stage.server.base}{page}")
        ways = desk.locator("header.bar :is(a, button):visible")
        assert ways.count() > 1 and set(ways.evaluate_all(LINES)) == {1}, page


def test_what_a_check_means_is_seen_on_a_phone(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "wrong" / "pages").mkdir(parents=True)
    (tmp_path / "wrong" / "study.toml").write_text(WRONG)
    (tmp_path / "wrong" / "pages" / "offer.html").write_text('{% extends "player/_step_opened.html" %}')
    desk = stage.page(PHONES[0])
    log_in(stage, desk)
    desk.goto(f"{stage.server.base}/admin/studies")
    desk.locator("input[name=folder]").set_input_files(tmp_path / "wrong")
    desk.get_by_role("button", name="Upload the folder").click()
    expect(desk.get_by_role("heading", name="Sharing twenty")).to_be_visible(timeout=60_000)
    mark = desk.locator(".meant mark")
    expect(mark).to_have_text('"integr"')
    mark.scroll_into_view_if_needed()
    assert 0 <= _box(mark)["left"] < _box(mark)["right"] <= 320
    assert _as_wide_as_the_window(desk)
    expect(desk.get_by_role("heading", name="Rehearsal")).to_have_count(0)  # of what can't run there is none


def test_what_the_manual_tells_of_words_is_read_on_a_phone_without_moving_it_sideways(stage: Stage) -> None:
    page = stage.page(PHONES[0])
    for chapter in ("settings", "columns", "keys", "commands"):
        page.goto(f"{stage.server.base}/admin/manual/{chapter}")
        assert _as_wide_as_the_window(page)
        tables = page.locator(".wide:has(td:first-child > code)")
        assert tables.count()
        wide = tables.evaluate_all("all => all.filter(one => one.scrollWidth > one.clientWidth).length")
        assert not wide, chapter
    page.goto(f"{stage.server.base}/admin/manual/settings")
    third = page.locator("td[data-column=default]").first
    assert "default: " in third.evaluate("one => getComputedStyle(one, '::before').content")
    page.set_viewport_size({"width": DESK["width"], "height": DESK["height"]})
    assert third.evaluate("one => getComputedStyle(one, '::before').content") == "none"


def test_fields_that_stand_beside_each_other_are_equally_tall(stage: Stage) -> None:
    session, desk = stage.open(PAIR, 2), stage.page(DESK)
    log_in(stage, desk)
    for page in ("players", "rooms", "data"):
        desk.goto(f"{stage.server.base}/admin/sessions/{session.id}/{page}")
        fields = desk.locator(".search :is(input:not([type=checkbox]), select, button)")
        assert fields.count() > 1
        heights = fields.evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")
        assert max(heights) - min(heights) < 1, (page, heights)


def test_a_zone_that_somebody_has_written_stays_as_the_form_comes_back(stage: Stage) -> None:
    session, desk = stage.open(PAIR, 2), stage.page(DESK, timezone_id="Europe/Berlin")
    log_in(stage, desk)
    desk.goto(f"{stage.server.base}/admin/sessions/{session.id}/again")
    zone = desk.get_by_label("in the time zone")
    expect(zone).to_have_value("Europe/Berlin")  # the browser's
    zone.fill("America/New_York")
    desk.get_by_label("By itself at").fill("2020-01-01T10:00")
    stage.bear("status of 422")
    desk.get_by_role("button", name="Open the session").click()
    expect(desk.get_by_role("alert")).to_contain_text("No session was opened")
    expect(zone).to_have_value("America/New_York")
    expect(desk.get_by_label("By itself at")).to_have_css("border-color", re.compile(r"rgb\(179, 38, 30\)"))


def _box(one: Locator) -> dict[str, float]:
    found: dict[str, float] = one.evaluate("one => one.getBoundingClientRect().toJSON()")
    return found


def _as_wide_as_the_window(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
