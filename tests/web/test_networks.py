"""In a real browser, on networks that treat streams as some do: the page goes on, and says only what is true."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, Response, expect

from tests.house.house import Opened
from tests.house.networks import Network, standing
from tests.house.stage import (
    DESK,
    PAIR,
    Stage,
    come_in,
    expect_filled,
    expect_round,
    expect_state,
    fill_in,
    log_in,
    note,
    noted,
    save,
    send,
    stays_the_same_page,
    wait_on,
)
from tests.house.waits import apart, until

pytestmark = pytest.mark.browser

TRIO = PAIR.replace("any = 2", "any = 3")
ASKING = "Up to date, asking every 5 s"


@contextmanager
def behind(stage: Stage, session: Opened, label: str, **does: bool | float) -> Iterator[tuple[Page, Network]]:
    """Somebody on such a network who came in by their link, and the network."""
    network = Network(stage.server.port, **does)  # type: ignore[arg-type]
    with standing(network) as address:
        page = stage.page()
        note(page, "#state")
        come_in(page, f"{address}/join/{session.tokens[label]}")
        yield page, network
        page.close()


def asks_of(page: Page) -> list[int]:
    """The statuses of what the page is answered when it asks for news, from now on."""
    found: list[int] = []

    def note(answer: Response) -> None:
        if answer.url.endswith("/play") and "hx-request" in answer.request.headers:
            found.append(answer.status)

    page.on("response", note)
    return found


def test_where_the_body_of_the_stream_is_held_back_the_page_asks_and_says_so(stage: Stage) -> None:
    session = stage.open(TRIO, 3)
    with behind(stage, session, "P1", holds=True) as (ann, network):
        never_loaded_again = stays_the_same_page(ann)
        answered = asks_of(ann)
        [ben, _] = stage.guests(session, "P2", "P3")
        expect(ann.locator("#where")).to_contain_text("round 1 of 2")
        expect_state(ann, ASKING)
        # What has not spoken yet is no stream that was lost.
        assert noted(ann)[0] == "Connecting…" and not {"Live", "Reconnecting…"} & {*noted(ann)}, noted(ann)

        # What is typed stays, where nothing is new and where something is.
        fill_in(ann, belief="70", why="half a th")
        ann.get_by_label("Message to your neighbours").fill("half a message")
        why = ann.get_by_label("Why?")
        why.focus()
        ann.keyboard.press("Home")
        before = why.bounding_box()
        answered.clear()
        ann.wait_for_event("response", lambda answer: answer.status == 304)
        assert 200 not in answered
        stage.say(ben, "Do you hear me?")
        expect(ann.locator("#talk")).to_contain_text("Do you hear me?")
        expect(ann.locator("#talk li")).to_have_count(1)
        expect_filled(ann, belief="70", why="half a th")
        expect(ann.get_by_label("Message to your neighbours")).to_have_value("half a message")
        expect(why).to_be_focused()
        assert ann.evaluate("document.activeElement.selectionStart") == 0
        assert why.bounding_box() == before
        expect_state(ann, ASKING)

        # Its own forms work, and their answers are not undone by one to a question from before.
        send(ann, "I do")
        save(ann)
        expect(ann.locator("#saved")).to_contain_text("Saved.")
        expect(ann.locator("#talk li")).to_have_count(2)
        assert stage.versions(session, "P1", "why") == ["half a th"]
        expect_state(ann, ASKING)

        # And where the stream comes through again, it listens.
        network.holds = False
        expect_state(ann, "Live · saved", 40_000)
        stage.say(ben, "And now?")
        expect(ann.locator("#talk")).to_contain_text("And now?")
        expect(ann.locator("#talk li")).to_have_count(3)
        answered.clear()
        wait_on(ann, 6)
        assert answered == []
        assert never_loaded_again()


def test_what_a_stream_begins_with_does_not_undo_what_was_saved_since_it_was_asked_for(stage: Stage) -> None:
    session = stage.open(PAIR, 2)
    stage.guests(session, "P2")
    with behind(stage, session, "P1") as (ann, network):
        expect_round(ann, 1)
        expect_state(ann, "Live")
        network.holds = True
        ann.evaluate("dispatchEvent(new Event('online'))")  # it opens another stream
        apart(lambda: asyncio.run(until(lambda: network.kept >= 2, "a page from before, on its way")))
        fill_in(ann)
        save(ann)
        expect(ann.locator("#saved")).to_contain_text("Saved.")
        network.holds = False
        expect_state(ann, "Live · saved")
        expect(ann.locator("#saved")).to_contain_text("Saved.")


def test_a_stream_that_falls_silent_is_noticed_and_asked_round(stage: Stage) -> None:
    session = stage.open(PAIR, 2)
    with behind(stage, session, "P1") as (ann, network):
        expect_state(ann, "Live")
        wait_on(ann, 4)
        expect_state(ann, "Live")
        network.holds = True
        stage.guests(session, "P2")
        expect(ann.locator("#where")).to_contain_text("round 1 of 2")
        expect_state(ann, ASKING)


@pytest.mark.slow
def test_where_each_piece_comes_with_the_next_one_nothing_is_late_for_long(stage: Stage) -> None:
    session = stage.open(PAIR, 2)
    with behind(stage, session, "P1", one_late=True) as (ann, _):
        expect_state(ann, "A few seconds behind")
        [ben] = stage.guests(session, "P2")
        expect_round(ann, 1)
        for words in ("one", "two", "three"):
            stage.say(ben, words)
        expect(ann.locator("#talk li span[dir]")).to_have_text(["one", "two", "three"])
        expect_state(ann, "A few seconds behind")


def test_a_stream_that_is_ended_again_and_again_loses_and_doubles_nothing(stage: Stage) -> None:
    session = stage.open(PAIR, 2)
    stage.bear(r"network error|ERR_|htmx:sse:error")
    with behind(stage, session, "P1", ends_after=1.5) as (ann, _):
        [ben] = stage.guests(session, "P2")
        expect_round(ann, 1)
        said = [f"line {number}" for number in range(9)]
        for words in said:
            stage.say(ben, words)
            wait_on(ann, 0.6)
        expect(ann.locator("#talk li span[dir]")).to_have_text(said)


def test_a_laptop_that_slept_wakes_up_to_what_is_true(stage: Stage) -> None:
    session = stage.open(PAIR, 2)
    with behind(stage, session, "P1") as (ann, network):
        expect_state(ann, "Live")
        cdp = ann.context.new_cdp_session(ann)
        network.holds = True  # its connection is dead, and nobody has told it
        cdp.send("Page.setWebLifecycleState", {"state": "frozen"})
        stage.guests(session, "P2")
        stage.house.sql("select pg_sleep(6)")  # its sleep is the fault itself
        cdp.send("Page.setWebLifecycleState", {"state": "active"})
        expect(ann.locator("#where")).to_contain_text("round 1 of 2")
        expect_state(ann, ASKING)


def test_a_page_that_hears_nothing_at_all_says_since_when(stage: Stage) -> None:
    stage.bear(r"ERR_|htmx:error|Failed to fetch|htmx:sse:error|network error")
    session = stage.open(PAIR, 2)
    ann = stage.player(session, "P1")
    ann.context.set_offline(True)
    expect(ann.locator("#state")).to_contain_text("Not connected: last heard 0:", use_inner_text=True)
    stage.guests(session, "P2")
    ann.context.set_offline(False)
    expect_round(ann, 1)
    expect_state(ann, "Live")


def test_the_dashboard_asks_where_its_stream_is_held_back(stage: Stage) -> None:
    session = stage.open(PAIR, 2, start=False)
    with standing(Network(stage.server.port, holds=True)) as address:
        desk = stage.page(DESK)
        log_in(stage, desk, address)
        note(desk, "#age")
        desk.goto(f"{address}/admin/sessions/{session.id}")
        stage.guests(session, "P1")
        expect(desk.locator("#count-waiting")).to_contain_text("1")
        expect(desk.locator("#age")).to_have_text("up to date, asking every 5 s")
        assert re.search(r"\d+ s old", str(noted(desk))), "until it asked"
        desk.close()


@pytest.mark.slow
def test_a_researchers_page_says_how_old_it_is_when_it_is_not_answered_and_goes_on(stage: Stage) -> None:
    stage.bear(r"status of 503")
    session = stage.open(PAIR, 2)
    stage.guests(session, "P1")
    desk = stage.page(DESK)
    log_in(stage, desk)
    of = f"{stage.server.base}/admin/sessions/{session.id}"
    desk.goto(f"{of}/players")
    desk.get_by_role("link", name="P1").click()
    expect(desk.locator("#age")).to_have_text("live")
    player = desk.url
    for address in (player, f"{of}/players", f"{of}/rooms"):
        desk.goto(address)
        expect(desk.locator("#age")).to_have_text("live")
        desk.route(f"{address}**", lambda route: route.fulfill(status=503))
        expect(desk.locator("#age")).to_have_text(re.compile(r"^what you see is (9|\d\d+) s old$"))
        desk.unroute(f"{address}**")
        expect(desk.locator("#age")).to_have_text("live")


def test_the_replay_says_when_what_it_shows_is_not_the_moment_that_was_chosen(stage: Stage) -> None:
    stage.bear(r"status of 503|ERR_FAILED|htmx:error|Failed to fetch")
    session = stage.open(PAIR, 2)
    stage.guests(session, "P1")
    desk = stage.page(DESK)
    log_in(stage, desk)
    desk.goto(f"{stage.server.base}/admin/sessions/{session.id}/replay?at=0")
    wrong = desk.get_by_text("This moment could not be fetched")
    # There and back: the session may be no longer than a second.
    for key, fails in (
        ("ArrowRight", lambda route: route.fulfill(status=503)),
        ("ArrowLeft", lambda route: route.abort()),
    ):
        desk.route("**/replay?**", fails)
        desk.get_by_label("Seconds from the first sign of life").press(key)
        expect(wrong).to_be_visible()
        desk.unroute("**/replay?**")
        expect(wrong).to_be_hidden()
