"""A study's page in a researcher's own browser: it is looked at, and played, and does nothing in their name."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Request, expect

from tests.house.house import Opened
from tests.house.stage import DESK, PAIR, Stage, come_in, expect_state, fill_in, log_in, save, wait_on
from tests.house.studies import PAGE
from tests.house.waits import apart

pytestmark = pytest.mark.browser

OF_ITSELF = """
<p>Look at me</p>
<div hx-post="/admin/sessions/OTHER/pause" hx-trigger="load" hx-swap="none"></div>
<div hx-get="/admin/sessions/OTHER" hx-trigger="load" id="brought"></div>
<form method="post" action="/admin/sessions/OTHER/pause">
<input name="evil" autofocus><button id="evil-button">Pause</button></form>
<form method="post" action="/admin/sessions/OTHER/pause"><button id="plain-button">Pause</button></form>
<script>document.title = "evil"; fetch("/admin/sessions/OTHER/pause", {method: "POST"})</script>
<img src="data:image/png;base64,x" onerror="document.title = 'evil'">
<iframe src="/admin/evil"></iframe><object data="/admin/evil"></object><embed src="/admin/evil">
"""
AND_LEADS_AWAY = """
<base href="/admin/evil/" target="_top"><meta http-equiv="refresh" content="0; url=/admin/evil">
<a id="evil-link" target="_top" href="/admin/evil">Out</a>
"""
EXPECTED = "Content Security Policy|[Bb]locked|sandbox|403|Failed to (load|fetch)|ERR_"  # what the browser says of it


def unseen(html: str) -> str:
    """As a page can hold it without `check` seeing what will come of it."""
    quoted = html.replace("<", "[").replace(">", "]").replace('"', '\\"').replace("\n", " ")
    return f'{{{{ "{quoted}" | replace("[", "<") | replace("]", ">") | safe }}}}'


def open_evil(stage: Stage, more: str = "") -> tuple[Opened, Opened]:
    """A session that goes on, and one of a study whose pages mean to pause it."""
    stage.bear(EXPECTED)
    other = stage.open(PAIR)
    evil = unseen((OF_ITSELF + more).replace("OTHER", other.id))
    pages = {
        "join": unseen('<script src="/static/htmx-4.0.1.min.js"></script>') + evil,
        "lobby": evil,
        "room": evil,
        "done": evil,
    }
    block = {"join": "after", "lobby": "before", "room": "before", "done": "after"}
    own = {
        f"pages/{name}.html": f'{{% extends "player/{name}.html" %}}{{% block {block[name]} %}}{html}{{% endblock %}}'
        for name, html in pages.items()
    }
    files = {"study.toml": PAIR, "pages/talk.html": PAGE, **own}
    encoded = {name: text.encode() for name, text in files.items()}
    return other, apart(lambda: stage.house.open_files(encoded, {"player": 2}))


def status_of(stage: Stage, session: Opened) -> str:
    [(status,)] = apart(lambda: stage.house.sql("select status::text from session where id = %s", session.id))
    return str(status)


def number_of(stage: Stage, session: Opened, label: str) -> int:
    query = "select id from player where session_id = %s and label = %s"
    [(number,)] = apart(lambda: stage.house.sql(query, session.id, label))
    return int(number)


def look(stage: Stage, other: Opened, desk: Page, address: str, title: str) -> None:
    """The researcher opens a page with a player's page in it, and even clicks there."""
    asked: list[Request] = []
    desk.goto(address)
    desk.on("request", lambda request: asked.append(request))
    if desk.locator("#shown > summary").count():
        desk.locator("#shown > summary").click()
    expect(desk.get_by_title(title)).to_have_count(1)
    seen = desk.frame_locator(f"iframe[title='{title}']")
    expect(seen.get_by_text("Look at me")).to_be_visible()
    wait_on(desk, 1)  # for all that loads by itself
    for target in ("#evil-button", "#plain-button", "#evil-link"):
        seen.locator(target).first.evaluate("node => node.click()")
    wait_on(desk, 1)
    assert desk.url == address and desk.title() != "evil"
    assert all("evil" not in one.url and one.method == "GET" for one in asked), [one.url for one in asked]
    assert status_of(stage, other) == "running"


def test_what_a_researcher_sees_of_a_players_page_does_nothing(stage: Stage) -> None:
    other, session = open_evil(stage, AND_LEADS_AWAY)
    desk = stage.page(DESK)
    log_in(stage, desk)
    stage.guests(session, "P1")
    place = f"{stage.server.base}/admin/sessions/{session.id}"
    number = number_of(stage, session, "P1")
    look(stage, other, desk, f"{place}/players/{number}", "What P1’s page shows")
    stage.guests(session, "P2")
    seen = desk.frame_locator("#shown iframe")
    expect(seen.locator("#step")).to_be_visible()  # as it came to the player, without a reload
    look(stage, other, desk, f"{place}/players/{number}", "What P1’s page shows")
    look(stage, other, desk, f"{place}/replay?player={number}", "What P1’s page showed")
    stage.act("close", session)
    look(stage, other, desk, f"{place}/players/{number}", "What P1’s page shows")


def test_a_researcher_who_plays_in_the_same_browser_lends_a_studys_page_nothing(stage: Stage) -> None:
    other, session = open_evil(stage)
    desk = stage.page(DESK)
    log_in(stage, desk)
    page = desk.context.new_page()
    page.goto(stage.link(session, "P1"))
    assert any(cookie["name"] == "networklab_admin" for cookie in desk.context.cookies())

    def harmless() -> None:
        expect(page.get_by_text("Look at me")).to_be_visible()
        wait_on(page, 1)  # for all that loads by itself
        expect(page.locator("#brought")).to_have_text("")
        here = page.url
        page.evaluate("for (const button of document.querySelectorAll('[id$=-button]')) button.click()")
        wait_on(page, 1)
        assert page.evaluate("[location.href, document.title === 'evil']") == [here, False]
        page.reload()  # a form that the policy holds back goes on for ever, to Playwright
        assert status_of(stage, other) == "running"

    harmless()
    come_in(page, stage.link(session, "P1"))
    harmless()
    stage.guests(session, "P2")
    expect(page.locator("#step")).to_be_visible()
    harmless()
    expect_state(page, "Live")
    fill_in(page)
    save(page)
    expect(page.locator("#saved")).to_contain_text("Saved.")
    stage.act("close", session)
    expect(page.locator("#code")).to_be_visible()
    harmless()
