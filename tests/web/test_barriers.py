"""In a real browser: no page keeps anybody out."""

from __future__ import annotations

from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from app.players.door import Places
from app.web.access.accounts import put_account
from tests.house.barriers import barriers_at_all_sizes
from tests.house.prolific import FakeProlific
from tests.house.recruited import by_label, recruited
from tests.house.stage import (
    DESK,
    PAIR,
    Stage,
    answer,
    ask_for_help,
    come_in,
    expect_round,
    fill_in,
    log_in,
    send,
)
from tests.house.waits import apart

pytestmark = pytest.mark.browser


def test_no_page_has_a_barrier_that_axe_finds(stage: Stage) -> None:
    stage.bear(r"'postMessage' .* \('null'\)")  # axe asks into frames, and a sandbox's have no origin
    session = stage.open(PAIR, 4)
    page, desk = stage.page(), stage.page(DESK)
    found: list[str] = []

    def look(page: Page, name: str) -> None:
        found.extend(barriers_at_all_sizes(page, name))

    page.goto(stage.link(session, "P1"))
    look(page, "join")
    come_in(page, stage.link(session, "P1"))
    look(page, "lobby")
    [ben] = stage.guests(session, "P2")
    expect_round(page, 1)
    stage.say(ben, "Hello")
    send(page, "Hello yourself")
    expect(page.locator("#talk li")).to_have_count(2)
    fill_in(page)
    look(page, "room")
    desk.goto(f"{stage.server.base}/admin/login")
    look(desk, "login")
    log_in(stage, desk)
    look(desk, "sessions")
    stage.guests(session, "P3")
    desk.locator(f"a[href$='{session.id}']").click()
    expect(desk.locator("#count-waiting")).to_contain_text("1")
    ask_for_help(page, "Is anybody there?")
    expect(desk.locator(".asks")).to_contain_text("Is anybody there?")
    desk.get_by_role("button", name="Tell everybody…").click()
    look(desk, "session")
    place = desk.url
    desk.goto(f"{place}?wall=true")
    look(desk, "wall")
    for of_account in ("account", "account/two-factor", "security", "manual", "manual/files", "manual?q=pay"):
        desk.goto(f"{stage.server.base}/admin/{of_account}")
        look(desk, of_account)
    desk.goto(f"{stage.server.base}/api/v1")
    desk.locator("details > summary").nth(14).click()
    look(desk, "the interface for programs")
    desk.goto(f"{place}/rights")
    look(desk, "rights of everybody")
    apart(lambda: stage.house.do(lambda conn: put_account(conn, "oscar", "a long password", True)))
    desk.reload()
    desk.get_by_label("Right").select_option("observer")
    desk.get_by_role("button", name="Give it").click()
    desk.get_by_text("Change…").last.click()
    look(desk, "rights")
    desk.get_by_role("link", name="Security log").click()
    look(desk, "security log of the session")
    desk.goto(f"{place}/rooms")
    expect(desk.get_by_role("link", name="mixed-1")).to_be_visible()
    look(desk, "rooms")
    for view in ("answers", "data"):
        desk.goto(f"{place}/{view}")
        look(desk, view)
    desk.goto(f"{place}/players")
    look(desk, "people")
    desk.get_by_role("link", name="P1").click()
    expect(desk.get_by_text("Waits for an answer")).to_be_visible()
    for folded in ("#shown", "#act-replace", "#act-dismiss"):
        desk.locator(f"{folded} > summary").click()
    look(desk, "player")
    answer(desk, "Yes, go on.")
    expect(page.locator(".answer")).to_contain_text("Yes, go on.")
    look(page, "answered")
    desk.locator("#story a[href*='/rooms/']").first.click()
    expect(desk.get_by_role("heading", name="Who sees whom")).to_be_visible()
    look(desk, "one room")
    desk.get_by_text("End…").click()
    desk.get_by_role("button", name="Tell this room…").click()
    look(desk, "words for one room")
    desk.get_by_role("link", name="Replay").click()
    desk.get_by_role("link", name="P1").first.click()
    expect(desk.get_by_role("heading", name="What P1 saw")).to_be_visible()
    look(desk, "replay")
    stage.act("close", session)
    expect(page.locator("#code")).to_be_visible()
    look(page, "done")
    page.goto(stage.link(session, "P1"))
    look(page, "join again")
    stage.bear("404")
    page.goto(f"{stage.server.base}/join/nobody")
    look(page, "problem")
    desk.goto(f"{place}/players")
    desk.get_by_role("link", name="P4").click()
    desk.locator("#act-issue > summary").click()
    look(desk, "somebody who never came")
    door = apart(lambda: stage.house.open(PAIR, {}, places=Places(20)))
    link = f"{stage.server.base}/s/{door.id}"
    stage.bear("400|410")
    page.goto(f"{link}?PROLIFIC_PID=")
    page.locator("summary").click()
    look(page, "a link without an id")
    page.goto(f"{link}?assignmentId=ASSIGNMENT_ID_NOT_AVAILABLE")
    look(page, "a preview")
    desk.goto(f"{stage.server.base}/admin/sessions/{door.id}")
    expect(desk.locator(".door")).to_contain_text("1 visit by a link with an empty PROLIFIC_PID")
    desk.locator("#way-in > summary").click()
    look(desk, "the link for everybody")
    desk.goto(f"{desk.url}?wall=true")
    look(desk, "the link on the wall")
    stage.act("close", door)
    page.goto(f"{link}?PROLIFIC_PID={'0' * 24}")
    look(page, "a closed door")
    assert found == []


def test_the_recruiters_pages_have_none_either_and_pay_by_a_click(stage: Stage) -> None:
    with FakeProlific().running() as fake:
        told = apart(lambda: recruited(stage.house, fake, ["1.25", "0", "2.00"]))
        desk, here = stage.page(DESK), f"{stage.server.base}/admin/sessions/{told.id}/recruiter"
        log_in(stage, desk)
        desk.goto(here)
        desk.get_by_text("All that was compared").click()
        desk.get_by_text("Everybody who came").click()
        found = barriers_at_all_sizes(desk, "recruiter")
        desk.get_by_role("link", name="Approve and screen out").click()
        found += barriers_at_all_sizes(desk, "review")
        desk.goto(f"{here}/pay")
        found += barriers_at_all_sizes(desk, "pay")
        desk.get_by_label("I have looked: 2 people, £3.25 in all").check()
        desk.get_by_role("button", name="Pay them").dblclick()
        expect(desk.get_by_role("heading", name="to be paid")).to_have_count(1)
        apart(lambda: told.go_on(2))
        expect(desk.get_by_text("paid so far: 2 people")).to_be_visible()  # the page has asked by itself
        assert by_label(fake.received(), 3) == {"P1": Decimal("1.25"), "P2": 0, "P3": Decimal(2)}
    assert found == []
