"""In a real browser: from the join link to the code, for players on phones and the researcher who watches."""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import psycopg
import pytest
from playwright.sync_api import Locator, Page, Request, expect

from app.config import PROJECT
from app.database.connections import Connection
from app.sessions import actions
from app.sessions.studies import read_study
from tests.house.house import Opened, apart, until
from tests.house.stage import (
    DESK,
    PAIR,
    PHONE,
    Stage,
    answer,
    ask_for_help,
    clock,
    come_in,
    expect_empty,
    expect_filled,
    expect_round,
    expect_state,
    fill_in,
    left,
    log_in,
    save,
    seconds,
    send,
    stays_the_same_page,
    ticks,
    watch_the_clock,
)

pytestmark = pytest.mark.browser

# axe-core 4.14.1 from its npm package, unchanged.
AXE = PROJECT / "tests" / "house" / "axe.min.js"
AXE_SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]

FALLBACK, LONGEST_WAIT = timedelta(seconds=299), timedelta(minutes=5)
PAUSED = PAIR.replace(
    """name = "mixed"\nseats = {any = 2}""",
    """name = "pair"\nseats = {any = 2}\ncount = 2\n[[room]]\nname = "later"\nseats = {any = 2}\nafter = "299s\"""",
)
COLOURS = """
title = "Colours"
[entry]
fields = [
    {name = "age", ask = "Your age in years", kind = "integer", min = 18, max = 120},
    {name = "news", ask = "How often do you follow the news?", kind = "choice", options = ["Every day", "Never"]},
]
[[room]]
name = "pair"
seats = {any = 2}
[[step]]
page = "talk"
limit = "10m"
ends = "deadline"
save = "change"
fields = [
    {name = "colour", ask = "Your colour", kind = "choice", options = ["rot", "blau"], swatches = ["red", "blue"]},
]
show = [{field = "colour", round = "now", as = "picture"}]
"""


def test_four_people_and_a_researcher_from_the_link_to_the_code(stage: Stage) -> None:
    session = stage.open(start=False)
    desk = stage.page(DESK)
    log_in(stage, desk)
    desk.locator(f"a[href$='{session.id}']").click()
    expect(desk.locator("#count-invited")).to_contain_text("4")
    first_page = stays_the_same_page(desk)

    ann = stage.player(session, "P1")
    expect(ann.locator("#wait")).to_contain_text("1 of 4")
    expect(ann.get_by_text("has not started yet")).to_be_visible()
    expect_state(ann, "Live")
    never_loaded_again = stays_the_same_page(ann)
    ben = stage.player(session, "P2")
    expect(ann.locator("#wait")).to_contain_text("2 of 4")
    expect(desk.locator("#count-waiting")).to_contain_text("2")
    assert first_page()

    desk.get_by_role("button", name="Start seating").click()
    expect(desk.locator(".bar .pill:not(#verdict)")).to_have_text("running")
    expect(ann.get_by_text("has not started yet")).to_be_hidden()
    pages = {"P1": ann, "P2": ben} | {label: stage.player(session, label) for label in ("P3", "P4")}
    for page in pages.values():
        expect_round(page, 1)
    assert never_loaded_again(), "she was seated without a reload"
    expect(desk.locator("#count-playing")).to_contain_text("4")
    expect(desk.locator(".room")).to_have_count(1)

    # A message reaches the neighbours and not the person on the other side of the ring, who does get the next one.
    writer, neighbour, opposite, other = (pages[label] for label in stage.ring(session))
    send(writer, "The bridge is open")
    for page in (writer, neighbour, other):
        expect(page.locator("#talk")).to_contain_text("The bridge is open")
    send(neighbour, "الجسر مفتوح")
    expect(opposite.locator("#talk")).to_contain_text("الجسر مفتوح")
    expect(opposite.locator("#talk li")).to_have_count(1)
    expect(writer.locator("#body")).to_have_value("")
    expect(desk.get_by_text("messages").locator("xpath=..")).to_contain_text("2")

    # What is typed, chosen, open and focused stays when messages and other people's answers come in.
    fill_in(neighbour, belief="70", why="half a th")
    neighbour.get_by_text("Leave the study").click()
    why = neighbour.get_by_label("Why?")
    why.focus()
    neighbour.keyboard.press("Home")
    send(writer, "Are you there?")
    expect(neighbour.locator("#talk")).to_contain_text("Are you there?")
    fill_in(writer)
    save(writer)
    expect(neighbour.locator("#answered")).to_contain_text("1 of 2 neighbours have answered")
    expect_filled(neighbour, belief="70", why="half a th")
    expect(why).to_be_focused()
    assert neighbour.evaluate("document.activeElement.selectionStart") == 0
    expect(neighbour.get_by_role("button", name="Leave for good")).to_be_visible()

    # Saved, changed, saved again.
    expect_state(writer, "Live · saved")
    expect(writer.locator("#saved")).to_contain_text("Saved.")
    writer.get_by_label("How many agree?").fill("5")
    expect(writer.locator("#saved")).to_have_text("Changed, and not saved yet.")
    expect_state(writer, "Live")
    save(writer)
    expect(writer.locator("#saved")).to_contain_text("Saved.")
    label = stage.ring(session)[0]
    assert stage.versions(session, label, "agree") == ["3", "5"]
    assert stage.versions(session, label, "belief") == ["64", "64"]

    # The next round is empty, but half a message is still there.
    writer.get_by_label("Why?").fill("not saved any more")
    writer.get_by_label("Message to your neighbours").fill("half a message")
    save(neighbour)
    for page in (opposite, other):
        fill_in(page)
        save(page)
    expect_round(writer, 2)
    expect(writer.get_by_label("Message to your neighbours")).to_have_value("half a message")
    for page in (writer, neighbour):
        expect_empty(page)
    writer.reload()
    expect_round(writer, 2)
    expect_empty(writer)
    expect(writer.get_by_label("Message to your neighbours")).to_have_value("half a message")

    for page in pages.values():
        expect_round(page, 2)
        fill_in(page)
        save(page)
    for page in pages.values():
        expect(page.locator("#code")).to_have_text("BRIDGE-DONE")
        link = page.get_by_role("link", name="Hand in the code and finish")
        expect(link).to_have_attribute("href", "https://example.org/complete?cc=BRIDGE-DONE")
        expect(page.locator("#live")).to_have_count(0)
    expect(desk.locator("#count-finished")).to_contain_text("4")
    expect(desk.get_by_text("pages live").locator("xpath=..")).to_contain_text("0")
    assert stage.house.contradictions(session) == []


def test_a_message_out_of_sight_shows_itself_above_the_field_until_it_is_seen(stage: Stage) -> None:
    session = stage.open(PAIR, 2)
    [ben] = stage.guests(session, "P2")
    ann = stage.player(session, "P1")
    expect_round(ann, 1)
    newest = ann.get_by_role("button", name="Go to the newest message")
    expect(newest).to_be_hidden()
    top = ann.evaluate("scrollY")
    height = ann.locator("#step").bounding_box()
    stage.say(ben, "Look down here, " * 8)
    expect(newest).to_be_visible()
    expect(newest).to_contain_text("Look down here")
    expect(ann.locator("#talk li")).not_to_be_in_viewport()
    assert (ann.evaluate("scrollY"), ann.locator("#step").bounding_box()) == (top, height), "nothing moved"
    assert newest.evaluate(
        "node => node.scrollHeight <= 48 && node.getBoundingClientRect().right <= innerWidth"
    )

    newest.click()
    expect(ann.locator("#talk li")).to_be_in_viewport()
    expect(newest).to_be_hidden()
    send(ann, "I see")
    expect(ann.locator("#talk li.own")).to_be_in_viewport()
    ann.evaluate("scrollTo(0, 0)")
    stage.say(ben, "And here again")
    expect(newest).to_contain_text("And here again")
    ann.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(newest).to_be_hidden()
    ann.evaluate("scrollTo(0, 0)")
    expect(ann.locator("#talk li").last).not_to_be_in_viewport()
    expect(newest).to_be_hidden()


def test_wrong_answers_are_marked_beside_the_field_and_all_that_was_typed_is_kept(stage: Stage) -> None:
    stage.bear(r"status of 422")
    session = stage.open(PAIR, 2)
    stage.guests(session, "P2")
    ann = stage.page()
    ann.goto(stage.link(session, "P1"))
    ann.get_by_label("Your age in years").fill("12")
    ann.get_by_role("button", name="Come in").click()
    expect(ann.get_by_text("Please give a whole number from 18 to 120.")).to_be_visible()
    expect(ann.get_by_label("Your age in years")).to_have_value("12")
    expect(ann.get_by_label("Your age in years")).to_be_focused()
    ann.get_by_label("Your age in years").fill("33")
    ann.get_by_label("Every day").check()
    ann.get_by_role("button", name="Come in").click()

    expect_round(ann, 1)
    fill_in(ann, belief="70", why="because", agree="11")
    save(ann)
    agree = ann.get_by_label("How many agree?")
    expect(agree).to_have_attribute("aria-invalid", "true")
    expect(agree).to_have_accessible_description("Please give a whole number from 0 to 10.")
    expect(agree).to_be_focused()
    expect(agree).to_have_value("11")
    expect_filled(ann, belief="70", why="because")
    assert stage.versions(session, "P1", "agree") == []
    agree.fill("10")
    save(ann)
    expect_state(ann, "Live · saved")
    expect(ann.locator(".wrong, .problem, [aria-invalid]")).to_have_count(0)
    assert stage.versions(session, "P1", "agree") == ["10"]


def test_a_slider_that_nobody_touched_is_no_answer_and_its_middle_can_be_meant(stage: Stage) -> None:
    stage.bear(r"status of 422")
    session = stage.open(PAIR, 2)
    stage.guests(session, "P2")
    ann = stage.player(session, "P1")
    expect_round(ann, 1)
    slider = ann.get_by_label("How sure are you?")
    slider.focus()
    ann.keyboard.press("Tab")
    save(ann)
    expect(slider).to_be_focused()
    expect(ann.locator("#step .error")).to_have_count(5)
    expect(ann.locator("output")).to_have_text("–")
    ann.keyboard.press("Space")
    expect(ann.locator("output")).to_have_text("50")
    ann.get_by_role("radio", name="4", exact=True).check()
    ann.get_by_label("A guess").check()
    ann.get_by_label("Yes").check()
    ann.get_by_label("How many agree?").fill("3")
    save(ann)
    expect_state(ann, "Live · saved")
    assert stage.versions(session, "P1", "belief") == ["50"]


def test_a_form_that_meets_a_busy_server_is_sent_again_under_the_same_key_and_stored_once(
    alone: Stage,
) -> None:
    alone.bear(r"status of 503")
    alone.serve(NETWORKLAB_LEDGER_LIMIT="1")
    session = alone.open(PAIR, 2)
    [ben] = alone.guests(session, "P2")
    ann = alone.player(session, "P1")
    expect_round(ann, 1)
    sent: list[str] = []
    statuses: list[int] = []

    def note(request: Request) -> None:
        if request.url.endswith("/play/records"):
            sent.append(parse_qs(request.post_data or "")["form_key"][0])

    ann.on("request", note)
    ann.on(
        "response", lambda answer: statuses.append(answer.status) if "/play/records" in answer.url else None
    )
    fill_in(ann)
    with ThreadPoolExecutor(1) as pool, room_held(alone, session):
        waiting = pool.submit(alone.answer, ben, agree="9")
        apart(lambda: asyncio.run(until(lambda: queued(alone), "a form in the queue")))
        save(ann)
        expect_state(ann, "Not saved yet, trying again…")
        ann.get_by_text("Leave the study").click()  # the page stays usable meanwhile
        assert alone.versions(session, "P1", "agree") == []
    waiting.result()
    expect_round(ann, 2)
    assert len(sent) >= 2 and len(set(sent)) == 1
    assert statuses[0] == 503 and statuses[-1] == 200
    assert alone.versions(session, "P1", "agree") == ["3"]
    expect_state(ann, "Live · saved")


def test_an_answer_that_could_not_be_sent_before_the_step_ended_is_stored_as_a_late_one(
    stage: Stage,
) -> None:
    stage.bear(r"Failed to load resource|Failed to fetch|htmx:error")
    session = stage.open(PAIR, 2)
    stage.guests(session, "P2")
    ann = stage.player(session, "P1")
    expect_round(ann, 1)
    fill_in(ann, why="in a tunnel")
    ann.context.route("**/play/records", lambda route: route.abort())
    save(ann)
    expect_state(ann, "Not saved yet, trying again…")
    apart(lambda: stage.house.do(lambda conn: move_on(conn, session)))
    expect_round(ann, 2)
    ann.context.unroute("**/play/records")
    expect_state(ann, "Live · saved")
    expect(ann.locator("#notice")).to_contain_text("It is stored and marked as late")
    assert stage.house.sql(
        "select r.value, r.round, r.late from record r join room on room.id = r.room_id "
        "where room.session_id = %s and r.field = 'why'",
        session.id,
    ) == [("in a tunnel", 1, True)]
    expect_empty(ann)


async def move_on(conn: Connection, session: Opened) -> None:
    """The one room of a session goes on to its second round."""
    [(room_id,)] = await (
        await conn.execute(b"select id from room where session_id = %s", [session.id])
    ).fetchall()
    await actions.advance(conn, session.id, await read_study(conn, session.id), room_id, 0, "story")


def test_a_server_that_is_killed_and_comes_back_finds_everybody_where_they_were(alone: Stage) -> None:
    alone.bear(r"ERR_|htmx:sse:error|htmx:error|network error|Failed to fetch")
    alone.serve()
    session = alone.open(PAIR, 2)
    [ben] = alone.guests(session, "P2")
    ann = alone.player(session, "P1")
    desk = alone.page(DESK)
    log_in(alone, desk)
    desk.goto(f"{alone.server.base}/admin/sessions/{session.id}")
    expect_round(ann, 1)
    expect_state(ann, "Live")
    never_loaded_again = stays_the_same_page(ann)
    fill_in(ann, belief="70", why="half a th")
    ann.get_by_label("Message to your neighbours").fill("half a message")
    ann.get_by_text("Leave the study").click()
    ann.evaluate("scrollTo(0, 120)")
    ann.get_by_label("Why?").focus()
    scrolled = ann.evaluate("scrollY")

    alone.server.kill()
    expect_state(ann, "Reconnecting…")
    expect(desk.locator("#age")).to_contain_text("s old")
    alone.serve(port=alone.server.port)
    expect_state(ann, "Live", 15_000)
    alone.say(ben, "Still there?")
    expect(ann.locator("#talk")).to_contain_text("Still there?")
    expect(desk.locator("#age")).to_have_text("live", timeout=15_000)
    assert never_loaded_again()
    expect_filled(ann, belief="70", why="half a th")
    expect(ann.get_by_label("Message to your neighbours")).to_have_value("half a message")
    expect(ann.get_by_label("Why?")).to_be_focused()
    expect(ann.get_by_role("button", name="Leave for good")).to_be_visible()
    assert ann.evaluate("scrollY") == scrolled

    # The server goes while an answer is on its way, and the answer arrives once it is back.
    alone.server.kill()
    save(ann)
    expect_state(ann, "Not saved yet, trying again…")
    alone.serve(port=alone.server.port)
    expect_state(ann, "Live · saved", 15_000)
    assert alone.versions(session, "P1", "why") == ["half a th"]


def test_a_stream_that_is_refused_at_first_is_asked_for_again(stage: Stage) -> None:
    stage.bear(r"status of 503")
    session = stage.open(PAIR, 2)
    ann = stage.page()
    ann.route("**/play/live", lambda route: route.fulfill(status=503), times=1)
    come_in(ann, stage.link(session, "P1"))
    expect_state(ann, "Connecting…")
    stage.guests(session, "P2")
    expect_round_later(ann)
    expect_state(ann, "Live")


def test_the_countdown_runs_down_evenly_and_survives_a_reload(stage: Stage) -> None:
    session = stage.open(PAIR, 2)
    [ben] = stage.guests(session, "P2")
    ann = stage.player(session, "P1")
    expect_round(ann, 1)
    watch_the_clock(ann)
    start = seconds(ann)
    for number in range(2):
        ann.wait_for_function(
            "most => document.querySelector('.clock').textContent.endsWith(most)",
            arg=f":{(start - 2 - number) % 60:02d}",
        )
        stage.say(ben, f"message {number}")
        expect(ann.locator("#talk li")).to_have_count(number + 1)
    shown = ann.evaluate("window.shown")
    assert len(shown) >= 3 and shown == sorted(shown, reverse=True), shown
    assert abs(seconds(ann) - left(stage, session)) <= 1.5
    ann.reload()
    expect_state(ann, "Live")
    assert abs(seconds(ann) - left(stage, session)) <= 1.5


def test_seven_seconds_of_pause_move_every_deadline_by_exactly_these_and_cost_nobody_anything(
    stage: Stage,
) -> None:
    session = stage.open(PAUSED, 7)
    stage.guests(session, "P2")
    ann = stage.player(session, "P1")
    expect_round(ann, 1)
    cy, _ = stage.guests(session, "P3", "P4")
    dot = stage.player(session, "P5")
    stage.guests(session, "P6")
    expect(dot.locator("#wait")).to_contain_text("2 of")
    # In four and five seconds all is due: the first pair's step, the fallback for who waits, and the longest wait.
    stage.house.sql(
        "update player set waiting_since = now() - interval '295s' where status = 'waiting' and session_id = %s",
        session.id,
    )
    stage.house.sql(
        "update room set deadline = clock_timestamp() + interval '4s' where session_id = %s and name = 'pair-1'",
        session.id,
    )
    stage.act("pause", session)
    [(paused_at,)] = stage.house.sql("select paused_at from session where id = %s", session.id)
    # The second pair's time was up a moment before, and nobody has moved it on yet.
    stage.house.sql(
        "update room set deadline = %s where session_id = %s and name = 'pair-2'",
        paused_at - timedelta(milliseconds=1),
        session.id,
    )
    expect(ann.get_by_text("The session is paused.")).to_be_visible()
    expect(dot.get_by_text("Your waiting time stands still")).to_be_visible()
    stands = seconds(ann)
    watch_the_clock(ann)

    # An answer counts as given when the pause began: in time, or not any more.
    fill_in(ann, why="during the pause")
    save(ann)
    expect_state(ann, "Live · saved")
    stage.answer(cy, why="too late")
    late = "select value, late from record where session_id = %s and field = 'why' order by id"
    assert stage.house.sql(late, session.id) == [("during the pause", False), ("too late", True)]
    stage.guests(session, "P7")  # whoever comes now has waited only since the end of the pause
    before = deadlines(stage, session)
    ann.wait_for_function("moment => Date.now() > moment", arg=1000 * (paused_at.timestamp() + 7))
    assert paused_at < before["pair-1"] < datetime.now(UTC) > before["P5"] + LONGEST_WAIT, (
        "all of it would be due"
    )
    assert deadlines(stage, session) == before
    assert ann.evaluate("window.shown") == [stands], "the clock stood still"
    ann.reload()
    expect(ann.get_by_text("The session is paused.")).to_be_visible()
    assert seconds(ann) == stands

    stage.act("resume", session)
    after = deadlines(stage, session)
    resumed_at = after["P7"]
    assert resumed_at - paused_at > timedelta(seconds=7)
    for name in ("pair-1", "pair-2", "P5", "P6"):
        assert after[name] - before[name] == resumed_at - paused_at, "to the microsecond"
    [(logged_at,)] = stage.house.sql(
        "select at from event where session_id = %s and name = 'session_resumed'", session.id
    )
    assert timedelta(0) <= logged_at - resumed_at < timedelta(seconds=1)
    expect(ann.get_by_text("The session is paused.")).to_be_hidden()
    assert stands - 2 <= seconds(ann) <= stands
    assert abs(shown_moment(clock(ann)) - after["pair-1"]) <= timedelta(milliseconds=1)
    # Who waits gets the fallback when its time has come, and nobody was sent away before.
    expect_round(dot, 1)
    [(opened_at,)] = stage.house.sql(
        "select opened_at from room where session_id = %s and kind = 'later'", session.id
    )
    assert opened_at >= after["P5"] + FALLBACK
    gone = "select label from player where session_id = %s and (status in ('finished', 'left') or outcome is not null)"
    assert stage.house.sql(gone, session.id) == []
    assert stage.house.contradictions(session) == []


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_phone_whose_clock_is_wrong_counts_down_to_the_same_moment(stage: Stage, hours: int) -> None:
    session = stage.open(PAIR, 2)
    stage.guests(session, "P2")
    ann = stage.page(PHONE)
    ann.add_init_script(
        f"""const Right = Date;
        Date = class extends Right {{
            constructor(...given) {{ super(...(given.length ? given : [Date.now()])); }}
            static now() {{ return Right.now() + {hours} * 3600 * 1000; }}
        }};"""
    )
    come_in(ann, stage.link(session, "P1"))
    expect_round(ann, 1)
    expect_state(ann, "Live")
    wrong = ann.evaluate("Date.now()") / 1000 - time.time()
    assert abs(wrong - hours * 3600) < 10, "this phone's clock is right"
    assert abs(seconds(ann) - left(stage, session)) <= 1.5


def test_a_draft_is_kept_for_its_writer_and_its_step_and_gives_way_to_what_was_saved_since(
    stage: Stage,
) -> None:
    session = stage.open(PAIR, 4)
    stage.guests(session, "P2")
    ann = stage.player(session, "P1")
    expect_round(ann, 1)
    fill_in(ann, belief="70", why="a draft")
    ann.reload()
    expect_round(ann, 1)
    expect_filled(ann, belief="70", why="a draft")

    second = ann.context.new_page()
    second.goto(f"{stage.server.base}/play")
    fill_in(second, belief="20", why="saved in another tab")
    save(second)
    expect_state(second, "Live · saved")
    ann.reload()
    expect_filled(ann, belief="20", why="saved in another tab")

    ann.get_by_label("Why?").fill("")
    save(ann)
    expect_state(ann, "Live · saved")
    assert stage.versions(session, "P1", "why") == ["saved in another tab", ""]
    ann.reload()
    expect_filled(ann, belief="20", why="")

    # Somebody else uses this tab after her, in a room of their own.
    ann.get_by_label("Why?").fill("mine alone")
    ann.get_by_label("Message to your neighbours").fill("mine too")
    stage.guests(session, "P4")
    ann.context.clear_cookies()
    come_in(ann, stage.link(session, "P3"))
    expect_round(ann, 1)
    expect_empty(ann)
    expect(ann.get_by_label("Message to your neighbours")).to_have_value("")


def test_what_was_typed_when_the_battery_died_is_there_on_another_device(stage: Stage) -> None:
    session = stage.open(PAIR)
    stage.guests(session, "P2")
    phone = stage.player(session, "P1")
    expect_round(phone, 1)
    with phone.expect_response("**/play/draft") as kept:
        fill_in(phone, belief="70", why="typed on a phone")
        phone.get_by_label("Message to your neighbours").fill("half a mess")
    assert kept.value.status == 204
    rows = "select count(*) from draft d join player p on p.id = d.player_id where p.session_id = %s"
    apart(lambda: asyncio.run(until(lambda: stage.house.sql(rows, session.id) == [(2,)], "both drafts")))
    phone.context.close()  # the battery

    laptop = stage.page(DESK)
    laptop.goto(stage.link(session, "P1"))
    laptop.get_by_role("button", name="Go on").click()
    expect_state(laptop, "Live", 15_000)
    expect_round(laptop, 1)
    expect_filled(laptop, belief="70", why="typed on a phone")
    expect(laptop.get_by_label("Message to your neighbours")).to_have_value("half a mess")
    save(laptop)
    expect_state(laptop, "Live · saved")
    assert stage.versions(session, "P1", "why") == ["typed on a phone"]
    laptop.reload()
    expect_filled(laptop, belief="70", why="typed on a phone")


def test_the_researcher_starts_pauses_resumes_and_closes_from_the_page(stage: Stage) -> None:
    session = stage.open(PAIR, 4, start=False)
    stage.guests(session, "P1", "P2")
    ann = stage.player(session, "P3", DESK)
    desk = stage.page(DESK)
    log_in(stage, desk)
    desk.goto(f"{stage.server.base}/admin/sessions/{session.id}")
    expect(desk.locator("#age")).to_have_text("live")
    desk.get_by_role("button", name="Start seating").click()
    expect(desk.locator("#count-playing")).to_contain_text("2")
    expect(desk.locator("#count-waiting")).to_contain_text("1")
    expect(desk.get_by_text("mixed-1 opened")).to_be_visible()
    until_ = desk.locator(".bar [data-until]")
    before = until_.inner_text()
    expect(until_).not_to_have_text(before)

    desk.get_by_role("button", name="Pause all").click()
    expect(desk.locator(".bar .pill:not(#verdict)")).to_have_text("paused")
    expect(ann.get_by_text("Your waiting time stands still")).to_be_visible()
    desk.get_by_role("button", name="Resume").click()
    expect(desk.locator(".bar .pill:not(#verdict)")).to_have_text("running")
    expect(ann.get_by_text("Your waiting time stands still")).to_be_hidden()

    # The question before closing stays open while the page ticks.
    desk.get_by_text("Close…").click()
    ticks(desk, 2)
    desk.get_by_role("button", name="Close the session").click()
    expect(desk.locator(".bar .pill:not(#verdict)")).to_have_text("closed")
    expect(desk.locator("#count-finished")).to_contain_text("2")
    expect(desk.locator("#count-left")).to_contain_text("1")
    expect(ann.locator("#code")).to_have_text("C2")
    with desk.expect_download() as download:
        desk.get_by_role("link", name="Export").click()
    assert download.value.suggested_filename.endswith(".zip")
    desk.get_by_role("link", name="All sessions").click()
    desk.get_by_role("button", name="Log out ada").click()
    expect(desk.get_by_label("Password")).to_be_visible()


def test_without_scripts_plain_forms_lead_from_the_link_to_the_code(stage: Stage) -> None:
    stage.bear(r"status of 422")
    session = stage.open(PAIR, 2)
    page = stage.page(java_script_enabled=False)
    page.goto(stage.link(session, "P1"))
    page.get_by_label("Never").check()
    page.get_by_role("button", name="Come in").click()
    expect(page.get_by_text("Please answer this question.")).to_be_visible()
    expect(page.get_by_label("Never")).to_be_checked()
    page.get_by_label("Your age in years").fill("33")
    page.get_by_role("button", name="Come in").click()
    expect(page.locator("#wait")).to_contain_text("1 of 2")
    expect(clock(page)).to_have_text(re.compile(r"^[45]:\d\d$"))
    [ben] = stage.guests(session, "P2")
    expect_round_later(page)  # the lobby reloads itself

    send(page, "No scripts here")
    expect(page.locator("#talk")).to_contain_text("No scripts here")
    fill_in(page, agree="12")
    save(page)
    expect(page.get_by_text("Please give a whole number from 0 to 10.")).to_be_visible()
    expect_filled_plainly(page, belief="64")
    page.get_by_label("How many agree?").fill("4")
    save(page)
    expect(page.locator("#saved")).to_contain_text("Saved.")
    stage.answer(ben)
    look_until(page, page.get_by_text("round 2 of 2"))
    expect_round(page, 2)
    fill_in(page)
    save(page)
    stage.answer(ben)
    look_until(page, page.locator("#code"))
    expect(page.locator("#code")).to_have_text("BRIDGE-DONE")
    assert stage.versions(session, "P1", "agree") == ["4", "3"]


def test_no_page_has_a_barrier_that_axe_finds(stage: Stage) -> None:
    source = AXE.read_bytes()
    assert hashlib.sha256(source).hexdigest() == AXE_SHA256
    session = stage.open(PAIR, 4)
    page, desk = stage.page(), stage.page(DESK)
    found: list[str] = []
    # What the dark changes is colours.
    schemes = {"light": WCAG, "dark": ["color-contrast", "link-in-text-block"]}

    def look(page: Page, name: str) -> None:
        for size in (PHONE, DESK):
            page.set_viewport_size({"width": size["width"], "height": size["height"]})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is too wide"
            for scheme, rules in schemes.items():
                # A line that is still fading in has no contrast yet.
                page.emulate_media(
                    color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce"
                )
                lines = barriers(page, source.decode(), rules)
                found.extend(f"{name} {size['width']} {scheme}: {line}" for line in lines)

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
    desk.locator("#tell summary").click()
    look(desk, "session")
    place = desk.url
    desk.goto(f"{place}?wall=true")
    look(desk, "wall")
    desk.goto(f"{place}/rooms")
    expect(desk.get_by_role("link", name="mixed-1")).to_be_visible()
    look(desk, "rooms")
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
    assert found == []


def test_what_is_typed_stays_when_help_comes_and_the_researchers_hear_at_once(stage: Stage) -> None:
    session = stage.open(PAIR, 2)
    desk = stage.page(DESK)
    log_in(stage, desk)
    page = stage.player(session, "P1")
    stage.guests(session, "P2")
    expect_round(page, 1)
    never_loaded_again = stays_the_same_page(page)
    fill_in(page, why="half a th")
    ask_for_help(page, "I can't save")
    expect(page.get_by_text("They have your question")).to_be_visible()
    expect(page.locator("#help-body")).to_have_value("")

    desk.goto(f"{stage.server.base}/admin/sessions/{session.id}")
    desk.get_by_role("link", name="P1").click()
    expect(desk.locator(".asks")).to_contain_text("I can't save")
    desk.get_by_label("Write to P1").fill("half an ans")
    page.get_by_label("Why?").focus()
    fill_in(page, why="half a thought")
    page.get_by_label("Why?").focus()
    expect(desk.get_by_label("Write to P1")).to_have_value("half an ans")
    answer(desk, "It is saved as soon as you click.")
    expect(desk.locator("#note")).to_have_value("")
    expect(page.locator(".answer")).to_contain_text("It is saved as soon as you click.")
    expect(page.get_by_label("Why?")).to_have_value("half a thought")
    expect(page.get_by_label("Why?")).to_be_focused()
    assert never_loaded_again()

    desk.locator("#story a[href*='/rooms/']").first.click()
    desk.get_by_role("button", name="30 s more").click()
    expect(desk.locator("#said")).to_contain_text("30 seconds more")
    desk.get_by_role("button", name="Next step now").click()
    expect_round(page, 2)


def test_the_first_pages_are_light(stage: Stage) -> None:
    session = stage.open(PAIR, 2)
    stage.guests(session, "P2")
    page = stage.page()
    sizes: list[tuple[str, int]] = []

    def weigh(request: Request) -> None:
        if not request.url.endswith("/play/live"):
            sizes.append(
                (
                    request.url,
                    sum(request.sizes()[part] for part in ("responseBodySize", "responseHeadersSize")),
                )
            )

    page.on("requestfinished", weigh)
    page.goto(stage.link(session, "P1"))
    expect(page.get_by_role("button", name="Come in")).to_be_visible()
    # The last sizes are told a little after the page shows.
    hear_until(page, lambda: len(sizes) >= 2)
    assert sum(size for _, size in sizes) < 15_000, sizes
    sizes.clear()
    come_in(page, stage.link(session, "P1"))
    expect_state(page, "Live")
    wanted = {"play", "app.css", "app.js", "htmx-4.0.1.min.js", "hx-sse-4.0.1.min.js"}
    hear_until(page, lambda: wanted <= {url.partition("?")[0].rpartition("/")[2] for url, _ in sizes})
    assert sum(size for _, size in sizes) < 45_000, sizes  # the join page once more in it


def hear_until(page: Page, holds: Callable[[], bool]) -> None:
    """Let the browser's events come until `holds`, 10 seconds at most."""
    for _ in range(200):
        if holds():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it never held")


def barriers(page: Page, axe: str, rules: Sequence[str]) -> list[str]:
    """What axe calls serious or critical, by the rules of WCAG 2.0 to 2.2, A and AA."""
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(axe)
    results = page.evaluate("rules => axe.run({runOnly: rules, resultTypes: ['violations']})", rules)
    assert results["passes"], "axe has looked at something"
    return [
        f"{one['id']} ({one['impact']}): {one['help']}: {one['nodes'][0]['html'][:200]}"
        for one in results["violations"]
        if one["impact"] in ("serious", "critical")
    ]


def expect_round_later(page: Page) -> None:
    """For pages that look again every five seconds."""
    expect(page.locator("#where")).to_contain_text("round 1 of 2", timeout=15_000)


def expect_filled_plainly(page: Page, belief: str) -> None:
    expect(page.get_by_label("How sure are you?")).to_have_value(belief)
    expect(page.get_by_label("A guess")).to_be_checked()


def deadlines(stage: Stage, session: Opened) -> dict[str, datetime]:
    """Deadlines by room, and since when somebody waits by label."""
    found = stage.house.sql(
        """select name, deadline from room where session_id = %s
        union all select label, waiting_since from player where session_id = %s and status = 'waiting'""",
        session.id,
        session.id,
    )
    return dict(found)


def shown_moment(clock: Locator) -> datetime:
    """What a clock counts down to, to the millisecond."""
    return datetime.fromtimestamp(int(clock.get_attribute("data-until") or 0) / 1000, UTC)


def look_until(page: Page, seen: Locator) -> None:
    """Without scripts nothing comes by itself, and the room moves on a moment after its last answer."""
    for _ in range(50):
        page.get_by_role("link", name="See what is new").click()
        if seen.count():
            return


def queued(stage: Stage) -> bool:
    """A statement waits for a row that somebody holds."""
    return bool(
        stage.house.sql(
            "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
        )
    )


@contextmanager
def room_held(stage: Stage, session: Opened) -> Iterator[None]:
    """Nothing can be stored for the session's rooms."""
    with psycopg.connect(stage.house.database) as conn:
        conn.execute("select id from room where session_id = %s for update", [session.id])
        yield


def test_a_colour_is_chosen_with_one_tap_or_key_and_seen_by_the_other_at_once(stage: Stage) -> None:
    session = stage.open(COLOURS, people=2)
    one, two = [stage.player(session, label) for label in ("P1", "P2")]
    expect(one.get_by_role("img", name="You: –, ")).to_be_visible()
    expect(one.get_by_role("button", name="Save my answer")).to_be_hidden()
    one.get_by_role("radio", name="rot").check()
    expect(two.get_by_role("img", name=re.compile("You: –, (Ash|Birch): rot"))).to_be_visible()
    expect(one.locator("#saved")).to_contain_text("Saved")
    expect(two.locator(".swatch-red circle")).to_have_css("fill", "rgb(213, 94, 0)")
    two.get_by_role("radio", name="blau").focus()
    two.keyboard.press("Space")
    expect(one.get_by_text("Nobody you see has chosen the same as you.")).to_be_visible()
    two.keyboard.press("ArrowUp")
    expect(one.get_by_text("1 of the people you see has chosen the same as you.")).to_be_visible()
    assert stage.versions(session, "P1", "colour") == ["rot"]
    assert stage.versions(session, "P2", "colour") == ["blau", "rot"]
