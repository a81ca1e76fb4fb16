"""In a real browser: the same link on two days, and what the second day's page says of the first."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.players.people import Person
from app.study.reading import parse
from tests.house.house import Opened
from tests.house.shell import Shell
from tests.house.stage import DESK, Stage, expect_state, log_in
from tests.house.waits import apart
from tests.house.waves import FIRST, all_of_day_one, as_bytes, goes_on

pytestmark = pytest.mark.browser
SAVE = re.compile("Save my answer")
TOKENS = {"Ana": "ana-8f3kqz2w-4pnx", "Ben": "ben-7c2mhd5t-9wqr"}
YESTERDAY = "Yesterday, at 30, you offered 3 and then 7, and were paid €12.00."


def test_the_link_of_yesterday_leads_to_today_and_yesterdays_code_is_still_there(
    stage: Stage, tmp_path: Path
) -> None:
    people = [Person(token, label, "") for label, token in TOKENS.items()]
    opened = apart(lambda: stage.house.open_study(parse(as_bytes(FIRST)), people))
    first = Opened(opened.id, TOKENS)
    both = [stage.house.guest(stage.server, first, label) for label in TOKENS]
    apart(lambda: stage.house.tell(all_of_day_one(both, {"Ana": (3, 7), "Ben": (1, 2)})))
    told = apart(lambda: goes_on(Shell(stage.house, tmp_path), first))
    second = Opened(told["session"], TOKENS)
    stage.act("start", second)

    ana, ben = stage.page(), stage.page(DESK)
    ana.goto(stage.link(second, "Ana"))
    expect(ana).to_have_title("Day two")
    expect(ana.get_by_text("By this link you have been in “Day one”, too.")).to_be_visible()
    ana.get_by_role("link", name="Go to your page there").click()
    expect(ana).to_have_title("Day one")
    ana.get_by_role("button", name="Go on").click()
    expect(ana.get_by_text("COMPLETE", exact=True)).to_be_visible()

    for page, label in ((ana, "Ana"), (ben, "Ben")):
        page.goto(stage.link(second, label))
        page.get_by_role("button", name="Come in").click()
        expect_state(page, "Live")
    expect(ana.get_by_text(YESTERDAY)).to_be_visible()
    for page in (ana, ben):
        page.get_by_label("Yes").check()
        page.get_by_role("button", name=SAVE).click()
    expect(ana.locator("#shown")).to_contain_text("10")
    for page in (ana, ben):
        page.get_by_label("4", exact=True).check()
        page.get_by_role("button", name=SAVE).click()
    expect(ana.get_by_text("COMPLETE", exact=True)).to_be_visible()
    expect(ana.get_by_role("banner").get_by_text("€8.00")).to_be_visible()
    _researcher_is_led_to_yesterday(stage, first, second)


def _researcher_is_led_to_yesterday(stage: Stage, first: Opened, second: Opened) -> None:
    desk: Page = stage.page(DESK)
    log_in(stage, desk)
    desk.goto(f"{stage.server.base}/admin/sessions/{second.id}")
    expect(
        desk.get_by_text(f"Goes on from {first.id}, with those for whom it ended as complete.")
    ).to_be_visible()
    [(number,)] = stage.house.sql("select id from player where session_id = %s and label = 'Ana'", second.id)
    desk.goto(f"{stage.server.base}/admin/sessions/{second.id}/players/{number}")
    desk.get_by_role("link", name=f"in {first.id}").click()
    expect(desk.get_by_role("heading", name="Ana", exact=True)).to_be_visible()
    expect(desk).to_have_url(f"{stage.server.base}/admin/sessions/{first.id}/players/{_number(stage, first)}")


def _number(stage: Stage, first: Opened) -> int:
    [(number,)] = stage.house.sql("select id from player where session_id = %s and label = 'Ana'", first.id)
    assert isinstance(number, int)
    return number
