"""Each thing that a researcher can do, clicked on one page and seen on a player's, with the time between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from tests.house.house import Opened

STUDY = """
title = "Two sides"
types = ["red", "blue"]
[[room]]
name = "pair"
seats = {red = 1, blue = 1}
[[room]]
name = "two"
seats = {any = 2}
after = "1h"
[lobby]
max_wait = "2h"
[[step]]
page = "talk"
repeat = 3
limit = "1h"
ends = "deadline"
fields = [{name = "belief", ask = "How sure are you?", kind = "integer", min = 0, max = 100}]
"""
PEOPLE = {"red": 6, "blue": 1}
# Pages of one browser share a clock. When it was clicked outlives the page that was clicked on.
CLICKED = """addEventListener("click", () => {
    localStorage.setItem("clicked", performance.timeOrigin + performance.now());
}, true)"""
WATCH = """() => { window.seen = new Promise((done) => {
    const holds = %s;
    if (holds()) throw Error("it holds already");
    const observer = new MutationObserver(() => {
        if (!holds()) return;
        observer.disconnect();
        done(performance.timeOrigin + performance.now());
    });
    observer.observe(document, {subtree: true, childList: true, characterData: true, attributes: true});
    setTimeout(() => done(0), %d);
}) }"""
PATIENCE = 5000  # milliseconds


@dataclass(frozen=True, slots=True)
class Sides:
    """A researcher's page, those of the players R1, R2 and so on, and where the researcher's server is."""

    session: Opened
    desk: Page
    players: Mapping[str, Page]
    base: str
    ids: Mapping[str, int]  # player's label → number

    @property
    def here(self) -> str:
        return f"{self.base}/admin/sessions/{self.session.id}"

    def play(self) -> Iterator[tuple[str, float]]:
        """What was done, and the milliseconds from the click until it stands on the player's page.

        R1 sits with B1, all others wait.
        """
        first, desk = self.players["R1"], self.desk
        desk.goto(self.here)
        yield self._do("pause", first, "Pause all", _says("The session is paused."))
        yield self._do("resume", first, "Resume", f"() => !{_says('The session is paused.')}()")
        desk.get_by_role("button", name="Tell everybody…").click()
        desk.locator("[name=body]").fill("Five minutes more")
        yield self._do("words for everybody", first, "Show it", _says("Five minutes more"))
        self._goes_to("R1")
        desk.locator("#note").fill("Just for you")
        yield self._do("words for one", first, "Send", _says("Just for you"))

        desk.locator("#story a[href*='/rooms/']").first.click()
        until = first.locator(".clock").get_attribute("data-until")
        moved = f"() => document.querySelector('.clock')?.dataset.until === '{int(until or 0) + 30_000}'"
        yield self._do("extend a step", first, "30 s more", moved)
        yield self._do("next step", first, "Next step now", _says("round 2 of 3"))
        desk.get_by_role("button", name="Tell this room…").click()
        desk.locator("#words").fill("For you two")
        yield self._do("words for a room", first, "Send", _says("For you two"))

        self._goes_to("R2")
        desk.get_by_label("Type").select_option("blue")
        yield self._do("retype", self.players["R2"], "Change the type", _says("round 1 of 3"))
        desk.goto(self.here)
        yield self._do("open a fallback", self.players["R4"], "Open it now", _says("round 1 of 3"))
        self._goes_to("R6")
        desk.get_by_text("Take out of the session…").click()
        yield self._do("take out", self.players["R6"], "Take R6 out", _says("Your code"))

        self._goes_to("R1")
        desk.locator("#story a[href*='/rooms/']").first.click()
        desk.get_by_text("End…").click()
        yield self._do("end a room", first, "End the room", _says("Your code"))
        desk.goto(self.here)
        desk.get_by_text("More…").click()
        desk.get_by_text("Close…").click()
        yield self._do("close the session", self.players["R2"], "Close the session", _says("Your code"))

    def _goes_to(self, label: str) -> None:
        self.desk.goto(f"{self.here}/players/{self.ids[label]}")

    def _do(self, what: str, page: Page, button: str, holds: str) -> tuple[str, float]:
        page.evaluate(WATCH % (holds, PATIENCE))
        self.desk.get_by_role("button", name=button).first.click()
        seen = page.evaluate("window.seen")
        assert seen, f"{what} is not on the player's page after {PATIENCE} ms"
        clicked = self.desk.evaluate("Number(localStorage.getItem('clicked'))")
        return what, seen - clicked


def come(
    session: Opened, new_page: Callable[[], Page], at: str, lives: Callable[[Page], None]
) -> dict[str, Page]:
    """Everybody comes in one after the other, each in a browser of their own at the server `at`."""
    pages = {}
    for label in ("R1", "B1", "R2", "R3", "R4", "R5", "R6"):
        pages[label] = page = new_page()
        page.goto(f"{at}/join/{session.tokens[label]}")
        page.get_by_role("button", name="Come in").click()
        lives(page)
    expect(pages["R1"].locator("#where")).to_contain_text("round 1 of 3")
    return pages


def _says(words: str) -> str:
    return f"(() => document.querySelector('#page').innerText.includes('{words}'))"
