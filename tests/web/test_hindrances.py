"""In a real browser that lacks what a page needs (scripts, cookies, a window of its own): there is a way on."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.house.networks import Network, standing
from tests.house.proxy import Exchange
from tests.house.stage import PAIR, Stage, come_in, expect_round, fill_in, save

pytestmark = pytest.mark.browser

QUICK = PAIR.replace('limit = "90s"', 'limit = "5s"')


def test_without_scripts_the_end_of_a_step_loads_the_next_one(stage: Stage) -> None:
    session = stage.open(QUICK, 2)
    page, loaded = stage.page(java_script_enabled=False), list[str]()

    def take(route: Route) -> None:
        answer = route.fetch(max_redirects=0)
        loaded.append(answer.text())
        route.fulfill(response=answer)

    page.route("**/play*", take)
    stage.guests(session, "P2")
    come_in(page, stage.link(session, "P1"))
    expect(page.locator("#state")).to_be_hidden()
    expect(page.locator("#code")).to_be_visible()
    # The page came here by itself, by the second step, and may have left that before anybody looked.
    [second, *_] = [one for one in loaded if "round 2 of 2" in one]
    assert 'http-equiv="refresh"' in second and "page reloads" in second


@pytest.mark.parametrize(
    "fails",
    [*(pytest.param(one, marks=pytest.mark.slow) for one in ("htmx-4.0.1.min.js", "app.js")), "*.js"],
)
def test_where_scripts_do_not_load_the_page_says_so_and_goes_on_without(stage: Stage, fails: str) -> None:
    stage.bear(r"Failed to load resource|htmx is not defined|uncaught")
    session = stage.open(PAIR, 2)
    page = stage.page()
    page.route(f"**/static/{fails}**", lambda route: route.abort())
    come_in(page, stage.link(session, "P1"))
    lacks = page.get_by_text("Something that this page needs has not loaded.")
    expect(lacks).to_be_visible()
    patience = "node => node.getAnimations()[0].effect.getTiming().delay"
    assert page.locator("#unscripted").evaluate(patience) == 10_000, (
        "milliseconds in which they may still come"
    )
    page.get_by_role("link", name="Go on without it").click()
    expect(page.get_by_text("This page reloads every few seconds.")).to_be_visible()
    assert page.locator("script").count() == 0
    stage.guests(session, "P2")
    expect(page.locator("#where")).to_contain_text("round 1 of 2")
    fill_in(page)
    save(page)
    expect(page.locator("#saved")).to_contain_text("Saved.")
    assert stage.versions(session, "P1", "agree") == ["3"]
    assert page.locator("script").count() == 0, "it stays without them"
    page.unroute(f"**/static/{fails}**")
    page.get_by_role("link", name="Try with scripts").click()
    expect(page.locator("#state")).to_have_text("Live", use_inner_text=True)
    expect(lacks).to_have_count(0)


def test_where_a_script_answers_404_it_is_the_same(stage: Stage) -> None:
    stage.bear(r"status of 404")
    session = stage.open(PAIR, 2)
    page = stage.page()
    page.route("**/static/app.js**", lambda route: route.fulfill(status=404))
    come_in(page, stage.link(session, "P1"))
    expect(page.get_by_text("Something that this page needs has not loaded.")).to_be_visible()


def test_a_browser_that_keeps_no_cookies_is_told_so_and_comes_in_once_it_does(stage: Stage) -> None:
    stage.bear(r"status of 403")
    session = stage.open(PAIR, 2)
    blocked = True

    def drop_cookies(exchange: Exchange) -> None:
        if blocked and exchange.answer:
            exchange.answer = re.sub(rb"(?i)set-cookie: [^\r]*\r\n", b"", exchange.answer)

    with standing(Network(stage.server.port, drop_cookies)) as address:
        page = stage.page()
        come = f"{address}/join/{session.tokens['P1']}"
        page.goto(come)
        page.get_by_label("Your age in years").fill("33")
        page.get_by_label("Never").check()
        page.get_by_role("button", name="Come in").click()
        for _ in range(2):
            expect(page.get_by_text("Your browser keeps no cookies for this page")).to_be_visible()
            page.get_by_role("link", name="Go on").click()
            expect(page).to_have_url(come)
            page.get_by_role("button", name="Go on").click()
        blocked = False
        page.get_by_role("link", name="Go on").click()
        page.get_by_role("button", name="Go on").click()
        expect(page.locator("#wait")).to_contain_text("1 of 2")
        page.close()


def test_in_a_frame_of_another_site_there_is_a_link_to_a_tab_of_its_own(stage: Stage) -> None:
    session = stage.open(PAIR, 2)
    link = f"{stage.link(session, 'P1')}?from=a%26b"
    body = f"<iframe src='{link}'></iframe>".encode()

    def frame_it(exchange: Exchange) -> None:
        exchange.answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%b" % (
            len(body),
            body,
        )

    with standing(Network(stage.server.port, frame_it)) as address:
        page = stage.page()
        page.goto(address.replace("127.0.0.1", "localhost"))  # another site, to browsers
        frame = page.frame_locator("iframe")
        expect(frame.get_by_text("This page needs a tab of its own.")).to_be_visible()
        expect(frame.get_by_text(link)).to_be_visible()
        expect(frame.locator("form")).to_have_count(0)
        with page.context.expect_page() as opened:
            frame.get_by_role("link", name="Open it in a new tab").click()
        tab: Page = opened.value
        expect(tab).to_have_url(link)
        come_in(tab, link)
        stage.guests(session, "P2")
        expect_round(tab, 1)
        page.close()
