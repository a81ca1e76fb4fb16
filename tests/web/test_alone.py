"""In a real browser: the pages that people go through alone, before the lobby and after their room."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.house.guests import Guest
from tests.house.house import Opened
from tests.house.solo import solo_files
from tests.house.stage import Stage, expect_state
from tests.house.waits import apart

pytestmark = pytest.mark.browser
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


def test_one_declines_one_fails_one_is_left_and_two_play_and_each_gets_a_code_at_once(stage: Stage) -> None:
    session = apart(lambda: stage.house.open_files(solo_files(), {"player": 6}))
    dan = come(stage, session, "P1")
    expect(dan.get_by_text("Leave the study")).to_have_count(0)
    dan.get_by_text("I do not want to take part").click()
    dan.get_by_role("button", name="I do not take part").click()
    expect(dan.locator("#code")).to_have_text("NO")

    cat = come(stage, session, "P2")
    read(cat)
    for left in ("You can try 2 times.", "This is your last attempt."):
        expect(cat.locator("#attempts")).to_contain_text(left)
        cat.get_by_label("4", exact=True).check()
        go_on(cat)
    expect(cat.locator("#code")).to_have_text("WRONG")

    ann, ben = come(stage, session, "P3"), come(stage, session, "P4")
    read(ann)
    pass_quiz(ann)
    expect(ann.locator("#wait")).to_contain_text("One more person is on the way.")
    read(ben)
    pass_quiz(ben)
    for page in (ann, ben):
        page.get_by_label("How sure are you?").fill("70")
        page.get_by_role("button", name="Save my answer").click()
    for page in (ann, ben):
        expect(page.locator("#after")).to_contain_text("Your group is done.")
    finish(ann)
    expect(ann.locator("#code")).to_have_text("DONE")
    expect(ben.locator("#where")).to_have_text("page 1 of 2")
    expect(ben.locator("#code")).to_have_count(0)
    finish(ben)
    expect(ben.locator("#code")).to_have_text("DONE")

    eve = come(stage, session, "P5")
    read(eve)
    pass_quiz(eve)
    fay = stage.house.guest(stage.server, session, "P6")
    apart(lambda: stage.house.tell(play_and_leave(fay)))
    expect(eve.locator("#after")).to_contain_text("Somebody in your group left")
    eve.get_by_label("How was it?").fill("3")
    go_on(eve)
    expect(eve.locator("#code")).to_have_text("ALONE")
    assert stage.house.contradictions(session) == []


def test_the_next_page_is_there_at_once_and_the_reader_at_its_top(stage: Stage) -> None:
    stage.bear(r"status of 422")
    session = apart(lambda: stage.house.open_files(solo_files(), {"player": 2}))
    page = come(stage, session, "P1")
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


def come(stage: Stage, session: Opened, label: str) -> Page:
    page = stage.page()
    page.goto(stage.link(session, label))
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
    await guest.answer({"agree": "yes"})
    await guest.answer({})
    await guest.answer({"size": "2"})
    await guest.shows("How sure are you?")
    await guest.browser.post("/play/leave", {})
