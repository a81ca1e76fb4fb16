"""From a researcher's click to a player's page, in a real browser, through two server processes."""

from __future__ import annotations

from playwright.sync_api import Page, expect, sync_playwright

from app.web.auth import ADMIN_COOKIE
from tests.bench.figure import Chapter, WrongAnswer, plain, under
from tests.bench.stage import Stage
from tests.house.browser import chromium, launch_arguments
from tests.house.house import House
from tests.house.server import Server
from tests.house.sides import CLICKED, PEOPLE, STUDY, Sides, come
from tests.house.stage import DESK, PHONE
from tests.house.waits import apart

RUNS = 5
HOW = f"""A researcher's page and those of seven players are open in one Chromium, each player with cookies of their
own; the researcher is on one server process and the players are on another, so that nothing but the database lies
between them. Each action is clicked {RUNS} times, in a session of its own each time. The time goes from the click, as
the researcher's page sees it, until what it does stands in the player's page (a change of the document that an
observer there has waited for); both pages read the clock of their one browser. A click that never shows ends the
benchmark."""


def run(stage: Stage) -> Chapter:
    delays: dict[str, list[float]] = {}
    with stage.house("actions") as house:
        theirs, ours = house.serve(), house.serve()
        # Signed in before the browser's event loop runs in this thread.
        cookie = house.researcher(ours).cookies[ADMIN_COOKIE]
        for _ in range(1 if stage.quick else RUNS):
            for what, delay in _clicked(house, theirs, ours, cookie).items():
                delays.setdefault(what, []).append(delay)
    every = [delay for found in delays.values() for delay in found]
    figures = [
        *(
            under(f"{what}: from the click to the player's page", found, "ms", 1000)
            for what, found in delays.items()
        ),
        plain("the longest of all", [max(every)], "ms"),
    ]
    return Chapter("What a researcher does", tuple(figures), HOW)


def _clicked(house: House, theirs: Server, ours: Server, cookie: str) -> dict[str, float]:
    """Milliseconds of each action, in a session and a browser of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=launch_arguments())
        session = apart(lambda: house.open(STUDY, PEOPLE))

        def new_page() -> Page:
            return browser.new_page(viewport={"width": PHONE["width"], "height": PHONE["height"]})

        pages = come(session, new_page, theirs.base, _lives)
        desk = browser.new_page(viewport={"width": DESK["width"], "height": DESK["height"]})
        desk.context.add_cookies([{"name": ADMIN_COOKIE, "value": cookie, "url": ours.base}])
        desk.add_init_script(CLICKED)
        ids = dict(house.sql("select label, id from player where session_id = %s", session.id))
        try:
            found = dict(Sides(session, desk, pages, ours.base, ids).play())
        except AssertionError as error:
            raise WrongAnswer(str(error)) from None
        browser.close()
    if wrong := house.contradictions(session):
        raise WrongAnswer(f"the database contradicts itself: {wrong[:3]}")
    return found


def _lives(page: Page) -> None:
    expect(page.locator("#state")).to_have_attribute("data-state", "live", timeout=15_000)
