"""In a real browser: the pages that people go through alone, before the lobby and after their room."""

from __future__ import annotations

import asyncio
import csv
import zipfile
from functools import reduce
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from app.database.connections import Connection
from app.export import export
from app.export.payments import as_lines, booked, in_bulk
from app.players.door import Places
from app.study.reading import parse
from tests.house.guests import Guest
from tests.house.house import Opened
from tests.house.solo import SOLO, solo_files
from tests.house.stage import DESK, Stage, expect_state
from tests.house.studies import changed
from tests.house.waits import apart

pytestmark = pytest.mark.browser
MADE = (
    ("attempts = 2", "attempts = 3"),
    ("seats = {any = 2}", "seats = {any = 4}"),
    ('limit = "1h"', 'limit = "1h"\nscore = "prize"'),
    ('then = ["end_room"]', 'then = ["smaller"]'),
)
GAME = reduce(lambda toml, one: changed(toml, *one), MADE, SOLO)
GAME += """
[door]
ids = ["PROLIFIC_PID"]
[pay]
base = 2
currency = "EUR"
[[treatment]]
name = "hat"
levels = ["tall", "flat"]
at = "door"
[[treatment]]
name = "frame"
levels = ["gain", "loss"]
by = "room"
"""
CODES = {"dan": "NO", "cat": "WRONG", "eve": "OUT", "ann": "DONE", "ben": "DONE", "fay": "DONE"}
PRIZE = """
from decimal import Decimal


def prize(room):
    return {slot: Decimal("1.25") for slot, belief in room.said("belief").items() if belief > 50}
"""
FLASH = """() => {
    window.seen = [];
    const look = () => {
        const words = document.querySelector("#saved")?.textContent.trim();
        if (words) window.seen.push(words);
        requestAnimationFrame(look);
    };
    look();
}"""
TURN = """async () => {
    const where = () => document.querySelector("#where")?.textContent ?? "";
    const [before, began] = [where(), performance.now()];
    document.querySelector("[data-answers] button.main").click();
    while (where() === before) await new Promise(requestAnimationFrame);
    return performance.now() - began;
}"""
TWICE = """async () => {
    const button = () => document.querySelector("[data-answers] button.main");
    const where = () => document.querySelector("#where")?.textContent ?? "";
    const before = where();
    button().click();
    while (where() === before) await new Promise(requestAnimationFrame);
    button().dispatchEvent(new MouseEvent("click", { detail: 2, bubbles: true, cancelable: true }));
}"""


def test_by_one_link_one_declines_one_fails_one_leaves_and_the_others_end_at_their_own_pace_with_bonuses(
    stage: Stage, tmp_path: Path
) -> None:
    files = solo_files(GAME) | {"hooks.py": PRIZE.encode()}
    session = apart(lambda: stage.house.open_study(parse(files), [], places=Places()))
    link = copied_from_the_dashboard(stage, session)
    dan = come(stage, as_sent(link, "dan"))
    expect(dan.get_by_text("Leave the study")).to_have_count(0)
    dan.get_by_text("I do not want to take part").click()
    dan.get_by_role("button", name="I do not take part").click()
    expect(dan.locator("#code")).to_have_text("NO")

    cat = come(stage, as_sent(link, "cat"))
    read(cat)
    for left in ("You can try 3 times.", "You can try 2 more times.", "This is your last attempt."):
        expect(cat.locator("#attempts")).to_contain_text(left)
        cat.get_by_label("4", exact=True).check()
        go_on(cat)
    expect(cat.locator("#code")).to_have_text("WRONG")

    ann, ben, eve = (come(stage, as_sent(link, name)) for name in ("ann", "ben", "eve"))
    for page in (ann, ben, eve):
        read(page)
        pass_quiz(page)
    expect(ann.locator("#wait")).to_contain_text("3 of 4")
    fay = stage.house.guest(stage.server, Opened(session.id, {"fay": ""}), "fay")
    apart(lambda: stage.house.tell(comes_and_guesses(fay, as_sent(link, "fay"))))
    eve.get_by_text("Leave the study").click()
    eve.get_by_role("button", name="Leave for good").click()
    expect(eve.locator("#code")).to_have_text("OUT")
    for page, guess in ((ann, "70"), (ben, "20")):
        page.get_by_label("How sure are you?").fill(guess)
        page.get_by_role("button", name="Save my answer").click()
    for page in (ann, ben):
        expect(page.locator("#after")).to_contain_text("Your group is done.")
    finish(ann)
    expect(ann.locator("#code")).to_have_text("DONE")
    expect(ben.locator("#where")).to_have_text("page 1 of 2")
    expect(ben.locator("#code")).to_have_count(0)
    finish(ben)
    expect(ben.locator("#code")).to_have_text("DONE")
    apart(lambda: stage.house.tell(ends(fay)))
    assert stage.house.contradictions(session) == []
    the_files_say_so(stage, session, tmp_path)


def the_files_say_so(stage: Stage, session: Opened, folder: Path) -> None:
    async def bonuses(conn: Connection) -> str:
        return as_lines(in_bulk([one async for one in booked(conn, session.id, study) if one.is_out], study))

    study, url = parse(solo_files(GAME) | {"hooks.py": PRIZE.encode()}), stage.house.database
    apart(lambda: asyncio.run(export.write_zip(url, session.id, study, folder / "out.zip")))
    with zipfile.ZipFile(folder / "out.zip") as zipped:
        players, records = (
            list(csv.DictReader(zipped.read(name).decode().splitlines()))
            for name in ("players.csv", "records.csv")
        )
    found = {name: one for name in CODES for one in players if one["given_PROLIFIC_PID"] == pid(name)}
    assert len(players) == len(CODES) and {name: one["code"] for name, one in found.items()} == CODES
    assert {one["treatment_hat"] for one in players} == {"tall", "flat"}, "drawn as they came"
    frames = {found[name]["treatment_frame"] for name in ("ann", "ben", "eve", "fay")}
    assert len(frames) == 1 and frames <= {"gain", "loss"}, "drawn for the room"
    tried = [one for one in records if (one["player"], one["field"]) == (found["cat"]["player"], "size")]
    assert [(one["round"], one["value"]) for one in tried] == [(nth, "4") for nth in "123"]
    paid = apart(lambda: stage.house.do(bonuses))
    assert sorted(paid.splitlines()) == [f"{pid(name)},1.25" for name in ("ann", "fay")], (
        "who guessed above 50"
    )


def test_whose_partner_leaves_goes_through_what_names_that(stage: Stage) -> None:
    session = apart(lambda: stage.house.open_files(solo_files(), {"player": 2}))
    eve = come(stage, stage.link(session, "P1"))
    read(eve)
    pass_quiz(eve)
    expect(eve.locator("#wait")).to_contain_text("One more person is needed.")
    fay = stage.house.guest(stage.server, session, "P2")
    apart(lambda: stage.house.tell(play_and_leave(fay)))
    expect(eve.locator("#after")).to_contain_text("Somebody in your group left")
    eve.get_by_label("How was it?").fill("3")
    go_on(eve)
    expect(eve.locator("#code")).to_have_text("ALONE")
    assert stage.house.contradictions(session) == []


def test_the_next_page_is_there_at_once_and_the_reader_at_its_top(stage: Stage) -> None:
    stage.bear(r"status of 422")
    session = apart(lambda: stage.house.open_files(solo_files(), {"player": 2}))
    page = come(stage, stage.link(session, "P1"))
    other_tab = page.context.new_page()
    other_tab.goto(f"{stage.server.base}/play")
    page.bring_to_front()  # a tab behind another is drawn once a second
    expect(page).to_have_title("page 1 of 3 · Two hats")
    page.evaluate(FLASH)
    go_on(page)  # without a tick
    expect(page.locator(".error")).to_have_text("Please tick this box to go on.")
    page.get_by_label("I have read this").check()
    took = page.evaluate(TURN)
    assert took < 2000, f"{took:.0f} ms"
    print(f"from the click to the next page: {took:.0f} ms")
    expect(page).to_have_title("page 2 of 3 · Two hats")
    assert page.evaluate("[document.activeElement.id, scrollY]") == ["step", 0]
    expect(page.locator("#step")).to_have_attribute("aria-label", "page 2 of 3")
    expect(other_tab.locator("#where")).to_have_text("page 2 of 3")

    # The second click of a double click is not taken for one on the page that has come.
    page.evaluate(TWICE)
    expect(page.locator("#where")).to_have_text("page 3 of 3")
    assert page.evaluate("window.seen") == [], "nobody is told on the way that it was saved"

    # What is chosen survives a reload, and the back button leads to the link, which leads back.
    page.get_by_label("4", exact=True).check()
    expect(page.locator(".error")).to_have_count(0)
    page.reload()
    expect(page.get_by_label("4", exact=True)).to_be_checked()
    page.goto(stage.link(session, "P1"))
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#where")).to_have_text("page 3 of 3")
    expect_state(page, "Live")
    go_on(page)
    expect(page.locator(".error")).to_have_text("That is not right. Two hats.")
    assert page.evaluate("document.activeElement.closest('.wrong') !== null"), "at what is wrong"


def pid(name: str) -> str:
    return name.encode().hex().zfill(24)


def as_sent(link: str, name: str) -> str:
    """The one link for everybody, as a recruiter sends this person to it."""
    return f"{link}?PROLIFIC_PID={pid(name)}&STUDY_ID=s1"


def copied_from_the_dashboard(stage: Stage, session: Opened) -> str:
    """The one link for everybody, as a researcher takes it."""
    desk = stage.page(DESK)
    desk.context.grant_permissions(["clipboard-read", "clipboard-write"])
    cookies = apart(lambda: stage.house.researcher(stage.server)).cookies
    desk.context.add_cookies(
        [{"name": name, "value": value, "url": stage.server.base} for name, value in cookies.items()]
    )
    desk.goto(f"{stage.server.base}/admin/sessions/{session.id}")
    desk.get_by_text("The link for everybody").click()
    desk.get_by_role("button", name="Copy").click()
    expect(desk.get_by_text("Copied.")).to_be_visible()
    told = urlsplit(desk.evaluate("navigator.clipboard.readText()"))
    return f"{stage.server.base}{told.path}"  # by default it is told with another port


def come(stage: Stage, link: str) -> Page:
    page = stage.page()
    page.goto(link)
    page.get_by_label("Your age").fill("33")
    page.get_by_role("button", name="Come in").click()
    expect_state(page, "Live")  # before that, its forms work as if scripts were off
    return page


def go_on(page: Page) -> None:
    page.get_by_role("button", name="Continue").click()


def read(page: Page) -> None:
    """The consent and the rules."""
    page.get_by_label("I have read this").check()
    go_on(page)
    expect(page.get_by_role("heading", name="The rules")).to_be_visible()
    go_on(page)
    expect(page.locator("#where")).to_have_text("page 3 of 3")


def pass_quiz(page: Page) -> None:
    page.get_by_label("2", exact=True).check()
    go_on(page)
    expect(page.locator("#attempts")).to_have_count(0)


def finish(page: Page) -> None:
    page.get_by_label("How was it?").fill("7")
    go_on(page)
    expect(page.locator("#after")).to_contain_text("This last page is for you alone")
    go_on(page)


async def play_and_leave(guest: Guest) -> None:
    await guest.sign_in({"age": "30"})
    await into_the_room(guest)
    await guest.browser.post("/play/leave", {})


async def into_the_room(guest: Guest) -> None:
    await guest.answer({"agree": "yes"})
    await guest.answer({})
    await guest.answer({"size": "2"})
    await guest.shows("How sure are you?")


async def comes_and_guesses(guest: Guest, link: str) -> None:
    assert (await guest.browser.post(link, {"age": "30"})).status == 303
    await into_the_room(guest)
    assert (await guest.answer({"belief": "90"})).status == 200


async def ends(guest: Guest) -> None:
    await guest.shows("How was it?")
    await guest.answer({"mood": "4"})
    await guest.answer({"why": "it was fine"})
    await guest.shows(">DONE<")
