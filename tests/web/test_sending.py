"""In a real browser: what becomes of an answer while the server is busy, away or killed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import parse_qs

import psycopg
import pytest
from playwright.sync_api import Request, Route, expect

from app.database.connections import Connection
from app.sessions import actions
from app.study.stored import read_study
from tests.house.house import Opened
from tests.house.stage import (
    DESK,
    PAIR,
    Stage,
    come_in,
    expect_empty,
    expect_filled,
    expect_noted,
    expect_round,
    expect_state,
    fill_in,
    log_in,
    note,
    noted,
    save,
    stays_the_same_page,
    wait_on,
)
from tests.house.waits import apart, until

pytestmark = pytest.mark.browser
EACH_CHANGE = """
title = "Each change"
[[room]]
name = "pair"
seats = {any = 2}
[[step]]
page = "talk"
limit = "10m"
save = "change"
fields = [
    {name = "belief", ask = "How sure are you?", kind = "integer", min = 0, max = 100},
    {name = "agree", ask = "How many agree?", kind = "integer", min = 0, max = 10},
]
"""


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


def test_an_answer_that_could_not_get_through_before_the_step_ended_is_late_and_said_to_be_sent_in_time(
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
    # Sent again once more: by then it was tried long enough before the step ends for any clock.
    with ann.expect_request("**/play/records"):
        expect_state(ann, "Not saved yet, trying again…")
    apart(lambda: stage.house.do(lambda conn: move_on(conn, session)))
    expect_round(ann, 2)
    ann.context.unroute("**/play/records")
    expect_state(ann, "Live · saved")
    expect(ann.locator("#notice")).to_contain_text("Your answer was sent in time")
    assert stage.house.sql(
        "select r.value, r.round, r.late from record r join room on room.id = r.room_id "
        "where room.session_id = %s and r.field = 'why'",
        session.id,
    ) == [("in a tunnel", 1, True)]
    [(sent_in_time, once)] = stage.house.sql(
        "select c.tried_at < min(e.at), count(distinct c.form) = 1 from late_claim c "
        "join log l on l.session_id = c.session_id join event e on e.log_id = l.id and e.name = 'step_opened' "
        "where c.session_id = %s group by c.tried_at",
        session.id,
    )
    assert sent_in_time and once
    expect_empty(ann)


def test_an_answer_that_could_not_be_sent_before_the_session_closed_is_refused_where_its_player_is(
    stage: Stage,
) -> None:
    stage.bear(r"Failed to load resource|Failed to fetch|htmx:error|status of 409")
    session = stage.open(PAIR, 2)
    stage.guests(session, "P2")
    ann = stage.player(session, "P1")
    expect_round(ann, 1)
    fill_in(ann, why="in a tunnel")
    ann.context.route("**/play/records", lambda route: route.abort())
    save(ann)
    expect_state(ann, "Not saved yet, trying again…")
    apart(lambda: stage.house.act("close", session))
    expect(ann.locator("#code")).to_be_visible()
    ann.context.unroute("**/play/records")
    expect(ann.locator("#notice")).to_have_text("It was over here when this came, so it is not stored.")
    expect(ann.locator("#code")).to_be_visible()
    assert stage.house.sql("select value from record where session_id = %s", session.id) == []


def test_what_was_saved_without_a_network_is_sent_as_soon_as_there_is_one(stage: Stage) -> None:
    stage.bear(r"ERR_|Failed to fetch|htmx:error|htmx:sse:error|network error")
    session = stage.open(PAIR, 2)
    stage.guests(session, "P2")
    ann = stage.player(session, "P1")
    expect_round(ann, 1)
    fill_in(ann)
    ann.evaluate("addEventListener('online', () => { window.back = performance.now() })")
    ann.context.set_offline(True)
    with ann.expect_event("requestfailed"), ann.expect_event("requestfailed"):
        save(ann)
    expect_state(ann, "Not saved yet, trying again…")
    wait_on(ann, 6)  # until it waits longest between two tries
    ann.context.set_offline(False)
    expect(ann.locator("#saved")).to_contain_text("Saved.")
    took = ann.evaluate(
        "performance.getEntriesByName(`${location.origin}/play/records`).at(-1).startTime - window.back"
    )
    assert took < 1000, "milliseconds from the network to the form on its way"
    assert stage.versions(session, "P1", "agree") == ["3"]
    assert stage.house.sql("select * from late_claim where session_id = %s", session.id) == []


def test_what_was_sent_by_its_button_is_sent_again_by_it_after_a_lost_connection(stage: Stage) -> None:
    stage.bear(r"ERR_|Failed to fetch|htmx:error|htmx:sse:error|network error|status of 422")
    session = stage.open(EACH_CHANGE, 2)
    stage.guests(session, "P2", entry={})
    ann = stage.page()
    ann.goto(stage.link(session, "P1"))
    ann.get_by_role("button", name="Come in").click()
    expect_state(ann, "Live")
    belief = ann.get_by_label("How sure are you?")
    expect(belief).to_be_visible()
    ann.context.set_offline(True)
    with ann.expect_event("requestfailed"):
        belief.fill("64")
        belief.press("Enter")  # presses the form's button, which stands there for browsers without scripts
    expect_state(ann, "Not saved yet, trying again…")
    with ann.expect_event("requestfailed"):
        belief.fill("65")
        belief.blur()
    ann.context.set_offline(False)
    # What a change sends is kept until every question has an answer; whoever presses the button hears which has none.
    # A stream that is back later brings the page anew, and leaves that sentence.
    expect_state(ann, "Live")
    expect(ann.locator("#step .problem")).to_contain_text("Please look at the answer marked below.")
    expect(belief).to_have_value("65")
    ann.get_by_label("How many agree?").fill("3")
    ann.get_by_label("How many agree?").press("Enter")
    expect(ann.locator("#saved")).to_contain_text("Saved.")
    assert stage.versions(session, "P1", "belief") == ["65"]


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

    note(ann, "#state")
    alone.server.kill()
    expect_noted(ann, "Reconnecting…")
    expect(desk.locator("#age")).to_contain_text("s old")
    alone.serve(port=alone.server.port)
    expect_state(ann, "Live")
    alone.say(ben, "Still there?")
    expect(ann.locator("#talk")).to_contain_text("Still there?")
    expect(desk.locator("#age")).to_have_text("live")
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
    expect_state(ann, "Live · saved")
    assert alone.versions(session, "P1", "why") == ["half a th"]


def test_a_stream_that_is_refused_at_first_is_asked_for_again(stage: Stage) -> None:
    stage.bear(r"status of 503")
    session = stage.open(PAIR, 2)
    ann = stage.page()
    ann.route("**/play/live", lambda route: route.fulfill(status=503), times=1)
    note(ann, "#state")
    come_in(ann, stage.link(session, "P1"))
    stage.guests(session, "P2")
    expect_round(ann, 1)
    expect_state(ann, "Live")
    assert noted(ann)[0] == "Connecting…" and "Reconnecting…" not in noted(ann), noted(ann)


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


def test_what_is_wrong_with_an_answer_and_what_was_typed_stay_until_the_next_step_however_the_page_hears_of_news(
    stage: Stage,
) -> None:
    stage.bear(r"status of 422|Failed to load resource|Failed to fetch|htmx:error")
    session = stage.open(PAIR, 2)
    [ben] = stage.guests(session, "P2")
    ann = stage.player(session, "P1")
    expect_round(ann, 1)
    fill_in(ann, belief="70", why="because", agree="11")
    save(ann)
    agree, paused = (
        ann.get_by_label("How many agree?"),
        ann.locator("#page").get_by_text("The session is paused."),
    )
    sentence = "Please give a whole number from 0 to 10."

    def expect_marked(typed: str) -> None:
        expect(ann.locator("#step .problem, #step .error")).to_have_count(2)
        expect(agree).to_have_accessible_description(sentence)
        expect(agree).to_have_value(typed)
        expect_filled(ann, belief="70", why="because")

    expect_marked("11")
    agree.fill("1")
    stage.act("pause", session)
    expect(paused).to_be_visible()  # by a snapshot
    expect_marked("1")

    def resume(route: Route) -> None:
        stage.act("resume", session)
        route.continue_()

    ann.route("**/play/live", lambda route: route.abort())
    ann.route("**/play", resume, times=1)
    ann.evaluate("dispatchEvent(new Event('offline'))")  # the page gives its stream up, and asks
    expect(paused).to_be_hidden()
    expect_marked("1")
    stage.say(ben, "Are you there?")
    ann.unroute("**/play/live")
    ann.evaluate("dispatchEvent(new Event('online'))")
    expect(ann.locator("#talk")).to_contain_text("Are you there?")
    expect_state(ann, "Live")  # by the stream that came back
    expect_marked("1")

    # What is stored elsewhere is newer, and so is the next step.
    [ann_elsewhere] = stage.guests(session, "P1")
    stage.answer(ann_elsewhere)
    stage.act("pause", session)
    expect(paused).to_be_visible()
    expect(ann.locator(".wrong, .problem, [aria-invalid]")).to_have_count(0)
    stage.act("resume", session)
    expect(paused).to_be_hidden()
    agree.fill("12")
    save(ann)
    expect(agree).to_have_accessible_description(sentence)
    stage.answer(ben)
    expect_round(ann, 2)
    expect(ann.locator(".wrong, .problem, [aria-invalid]")).to_have_count(0)
    expect_empty(ann)
