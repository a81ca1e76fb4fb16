"""In a real browser, without a terminal: from nothing to a study that was played, downloaded, and put away."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.house.barriers import barriers_at_all_sizes
from tests.house.stage import DESK, Stage, log_in
from tests.house.studies import STEP, as_files

pytestmark = pytest.mark.browser
FOUR = f"""
title = "Four at a table"
[door]
anonymous = true
[[room]]
name = "table"
seats = {{any = 4}}
[finish]
codes = {{complete = "TABLE-DONE"}}
[pay]
base = 2.5
currency = "EUR"
{STEP}"""


def written(folder: Path) -> Path:
    for name, body in as_files(FOUR).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body)
    return folder


def plays(person: Page) -> None:
    person.get_by_label("How sure are you?").fill("64")
    person.get_by_role("button", name="Save").click()


def test_a_researcher_gets_from_nothing_to_the_data_without_a_terminal(stage: Stage, tmp_path: Path) -> None:
    stage.bear("422")
    stage.bear("does not match the recipient window's origin")  # axe, which asks frames without any rights
    desk, barriers = stage.page(DESK), list[str]()

    def look(name: str) -> None:
        barriers.extend(barriers_at_all_sizes(desk, name))
        desk.set_viewport_size({"width": DESK["width"], "height": DESK["height"]})

    log_in(stage, desk)
    # What it says depends on whether others have opened sessions that everybody sees.
    desk.locator("main a.button[href='/admin/studies']").click()
    look("studies")
    desk.locator("input[name=folder]").set_input_files(written(tmp_path / "four"))
    desk.get_by_role("button", name="Upload the folder").click()
    expect(desk.get_by_text("It can run.")).to_be_visible(timeout=60_000)
    expect(desk.get_by_text("A room table has 4 people.")).to_be_visible()
    look("study")
    desk.get_by_role("link", name="See its pages").click()
    desk.get_by_role("combobox", name="Place").select_option(label="talk")
    desk.get_by_role("button", name="Show").click()
    expect(desk.frame_locator("iframe").first.get_by_label("How sure are you?")).to_be_visible()
    look("its pages")
    desk.get_by_role("link", name="The study").click()

    desk.get_by_role("link", name="Open a session").click()
    desk.get_by_label("Places").fill("four")
    desk.get_by_role("button", name="Open the session").click()
    expect(
        desk.get_by_text("Places must be a whole number up to 100,000, or nothing: “four” is none.")
    ).to_be_visible()
    look("new session")
    desk.get_by_label("Places").fill("4")
    desk.get_by_role("button", name="Open the session").click()
    expect(desk.get_by_text("The session is open.")).to_be_visible()
    look("opened")
    door = desk.locator("#door-link").inner_text()

    desk.get_by_role("link", name="Go to the session").click()
    expect(desk.get_by_role("heading", name="What to do next")).to_be_visible()
    look("session that nobody has come to")
    people = [stage.page() for _ in range(4)]
    for person in people:
        person.goto(door)
        person.get_by_role("button").last.click()
        person.wait_for_url("**/play")
    desk.get_by_role("button", name="Start seating").click()
    for person in people:
        plays(person)
    for person in people:
        expect(person.get_by_text("TABLE-DONE")).to_be_visible(timeout=20_000)

    desk.get_by_text("More…").click()
    desk.locator("#confirm-close summary").click()
    desk.get_by_role("button", name="Close the session").click()
    expect(desk.get_by_role("heading", name="It is over: what to do now")).to_be_visible()
    look("session that is over")
    with desk.expect_download() as coming:
        desk.get_by_role("link", name="Download", exact=True).click()
    with zipfile.ZipFile(io.BytesIO(coming.value.path().read_bytes())) as export:
        assert export.read("records.csv").count(b",belief,64,") == 4
    with desk.expect_download() as coming:
        desk.locator(".next").get_by_role("link", name="Payments").click()
    assert coming.value.path().read_bytes().count(b",2.50,EUR\r\n") == 4
    desk.get_by_role("link", name="Erase what is personal").click()
    desk.locator("#erase summary").click()
    desk.get_by_label("I am sure").check()
    desk.locator("#erase").get_by_role("button", name="Erase").click()
    expect(desk.locator("#said")).not_to_be_empty()
    desk.get_by_role("button", name="Archive", exact=True).click()
    expect(desk.get_by_text("Archived.")).to_be_visible()
    here = desk.url[desk.url.index("/admin") :]
    desk.get_by_role("link", name="All sessions").click()
    expect(desk.get_by_role("heading", name="Sessions", exact=True)).to_be_visible()
    expect(desk.locator(f"main a[href='{here}']")).to_have_count(0)
    desk.get_by_role("link", name="Archived sessions").click()
    expect(desk.get_by_role("link", name="Four at a table")).to_have_attribute("href", here)
    look("archived sessions")
    assert barriers == []
