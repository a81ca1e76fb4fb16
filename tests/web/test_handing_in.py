"""Handing in the code in a real browser: copied, and sent to MTurk from a page that got there live."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Page, Route, expect

from app.players.people import Person
from app.study.reading import parse
from tests.house.stage import Stage, expect_state
from tests.house.studies import PAIR, as_files
from tests.house.waits import apart

pytestmark = pytest.mark.browser
MTURK = "https://www.mturk.com"


def come(stage: Stage, link: str) -> Page:
    page = stage.page()
    page.goto(link)
    page.get_by_role("button", name="Come in").click()
    expect_state(page, "Live", 15_000)
    return page


def test_a_code_is_copied_and_handed_in_where_the_person_came_from(stage: Stage) -> None:
    given = {"turkSubmitTo": MTURK, "assignmentId": "3ASSIGN", "workerId": "A1"}
    study = parse(as_files(PAIR + "[finish]\nper_person = true\n"))
    people = [Person("turk-0123456789abc", "T", "red", given), Person("wall-0123456789abc", "W", "red")]
    session = apart(lambda: stage.house.open_study(study, people))
    turk, wall = (come(stage, stage.link(session, label)) for label in "TW")
    sent: list[str] = []

    def take(route: Route) -> None:
        sent.append(route.request.post_data or "")
        route.fulfill(body="<h1>Submitted</h1>", content_type="text/html")

    turk.context.route(f"{MTURK}/**", take)
    turk.context.grant_permissions(["clipboard-read", "clipboard-write"])
    apart(lambda: stage.house.act("close", session))
    code = turk.locator("#code").inner_text()
    assert code.startswith("LOBBY-")
    turk.get_by_role("button", name="Copy").click()
    expect(turk.get_by_text("Copied.")).to_be_visible()
    assert turk.evaluate("navigator.clipboard.readText()") == code
    turk.get_by_role("button", name="Hand in the code and finish").click()
    expect(turk.get_by_role("heading", name="Submitted")).to_be_visible()
    assert turk.url == f"{MTURK}/mturk/externalSubmit"
    assert parse_qs(sent[0]) == {"assignmentId": ["3ASSIGN"], "code": [code]}
    expect(wall.locator("#code")).not_to_have_text(code)
    expect(wall.get_by_text("hand it in to the people who invited you")).to_be_visible()
    assert wall.locator("#hand-in").count() == 0
