"""In a real browser: what the clock counts down to, through messages, reloads, pauses and wrong clocks."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect

from app.study.reading import parse
from tests.house.classics import files_of
from tests.house.house import Opened
from tests.house.stage import (
    DESK,
    LOOK,
    PAIR,
    PHONE,
    SMALL,
    Stage,
    clock,
    come_in,
    expect_round,
    expect_state,
    fill_in,
    left,
    log_in,
    save,
    seconds,
    stays_the_same_page,
    watch_the_clock,
)
from tests.house.waits import apart

pytestmark = pytest.mark.browser

FALLBACK, LONGEST_WAIT = timedelta(seconds=299), timedelta(minutes=5)
PAUSED = PAIR.replace(
    """name = "mixed"\nseats = {any = 2}""",
    """name = "pair"\nseats = {any = 2}\ncount = 2\n[[room]]\nname = "later"\nseats = {any = 2}\nafter = "299s\"""",
)


def test_the_countdown_runs_down_evenly_and_survives_a_reload(stage: Stage) -> None:
    session = stage.open(PAIR, 2)
    [ben] = stage.guests(session, "P2")
    ann = stage.player(session, "P1")
    expect_round(ann, 1)
    watch_the_clock(ann)
    start = seconds(ann)
    for number in range(2):
        ann.wait_for_function("most => window.shown.at(-1) <= most", arg=start - 2 - number)
        stage.say(ben, f"message {number}")
        expect(ann.locator("#talk li")).to_have_count(number + 1)
    shown = ann.evaluate("window.shown")
    assert len(shown) >= 3 and shown == sorted(shown, reverse=True), shown
    shows_what_is_left(stage, session, ann)
    ann.reload()
    expect_state(ann, "Live")
    shows_what_is_left(stage, session, ann)


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
    expect(ann.locator("#page").get_by_text("The session is paused.")).to_be_visible()
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
    expect(ann.locator("#page").get_by_text("The session is paused.")).to_be_visible()
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
    assert timedelta(0) <= logged_at - resumed_at < timedelta(seconds=10)
    expect(ann.locator("#page").get_by_text("The session is paused.")).to_be_hidden()
    assert stands - 10 <= seconds(ann) <= stands
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
    shows_what_is_left(stage, session, ann)


def shows_what_is_left(stage: Stage, session: Opened, page: Page) -> None:
    """To a second and a half, however long it takes to look."""
    before = left(stage, session)
    shown = seconds(page)
    assert left(stage, session) - 1.5 <= shown <= before + 1.5


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


ASKS = PAIR.replace('max_wait = "5m"', 'max_wait = "5m"\npresent = "90s"\nready = "60s"')
HIDDEN = "Object.defineProperty(Document.prototype, 'hidden', {get: () => true})"


def test_a_lobby_hears_every_half_minute_of_a_page_that_is_hidden_and_calls_whoever_sits_before_it(
    stage: Stage,
) -> None:
    stage.bear("htmx:error: timeout")  # half a minute goes by while the page may be asking
    session = stage.open(ASKS, 2)
    ann = stage.page()
    ann.clock.install()
    ann.add_init_script(HIDDEN)
    come_in(ann, stage.link(session, "P1"))
    expect_state(ann, "Live")
    for _ in range(2):
        with ann.expect_response("**/play/here") as sign:
            ann.clock.fast_forward(30_000)
        assert sign.value.ok
    [ben] = stage.guests(session, "P2")
    expect(ann).to_have_title(re.compile("^● Your group is here. Are you ready"))
    ann.get_by_role("button", name="I’m ready").click()
    expect(ann.get_by_text("You’re ready.")).to_be_visible()
    apart(lambda: stage.house.tell(ben.browser.post("/play/here", {"ready": "1"})))
    expect_round(ann, 1)
    expect(ann).to_have_title(re.compile("^● The bridge"))  # it has begun, and nobody looks


HEARD = """window.heard = 0;
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...given) {
    if (this.context.state === "running") window.heard += 1;
    return start.apply(this, given);
};"""


def test_a_tone_says_that_it_is_time_to_whoever_wants_one_and_came_by_a_click(stage: Stage) -> None:
    stage.bear("AudioContext was not allowed to start")
    session = stage.open(PAIR.replace("any = 2", "any = 4"), 4)
    ann, ben, cas = pages = [stage.page() for _ in range(3)]
    plays, plays_none = "A tone plays when it is time.", "No tone plays when it is time."
    for label, page in zip(("P1", "P2", "P3"), pages, strict=True):
        page.add_init_script(HEARD)
        come_in(page, stage.link(session, label))
        expect(page.get_by_text(plays)).to_be_visible()  # the click on the form's button was enough
    ben.get_by_role("button", name="Mute").click()
    ben.reload()
    expect(ben.get_by_text(plays_none)).to_be_visible()

    # In a tab in which nobody has clicked a browser plays nothing, and the page does not say that it would.
    tab = cas.context.new_page()
    tab.add_init_script(HEARD)
    cas.close()
    tab.goto(f"{stage.server.base}/play")
    expect(tab.get_by_text(plays_none)).to_be_visible()
    tab.get_by_role("button", name="Play one").click()
    expect(tab.get_by_text(plays)).to_be_visible()
    tab.wait_for_function("heard === 1")  # this is how it sounds

    stage.guests(session, "P4")
    for page, heard in ((ann, 1), (ben, 0), (tab, 2)):
        expect_round(page, 1)
        page.wait_for_function("most => heard === most", arg=heard)


def test_a_start_that_a_researcher_moves_is_what_every_lobby_page_counts_down_to_at_once(
    stage: Stage,
) -> None:
    session = stage.open(PAIR, 2, start=False)
    ann, ben = stage.player(session, "P1"), stage.player(session, "P2")
    never_loaded_again = stays_the_same_page(ann)
    desk = stage.page(DESK, timezone_id="Europe/Berlin")
    log_in(stage, desk)
    desk.goto(f"{stage.server.base}/admin/sessions/{session.id}")
    desk.get_by_text("Start by itself…").click()
    zone, at = desk.get_by_label("in the time zone"), desk.get_by_label("Seating begins at")
    expect(zone).to_have_value("Europe/Berlin")  # the browser's
    assert desk.locator("#zones option[value='America/New_York']").count()

    noon = datetime.now(ZoneInfo("Europe/Berlin")).replace(hour=12, minute=0, second=0, microsecond=0)
    for days in (2, 1):
        moment = noon + timedelta(days=days)
        at.fill(f"{moment:%Y-%m-%dT%H:%M}")
        desk.locator("#start button.main").click()
        expect(desk.locator("#said-start")).to_contain_text(f"{moment:%Y-%m-%d} 12:00 Europe/Berlin")
        for page in (ann, ben):
            expect(clock(page)).to_have_attribute("data-until", str(int(1000 * moment.timestamp())))
            expect(page.get_by_text("It starts in")).to_be_visible()
    desk.reload()
    expect(at).to_have_value(f"{moment:%Y-%m-%dT%H:%M}")  # of the browser, whatever the server's

    stage.bear("status of 422")
    desk.locator("#start > summary").click()
    zone.fill("Europe/Atlantis")
    desk.locator("#start button.main").click()
    expect(desk.locator("#said-start")).to_contain_text("is no time zone")
    desk.get_by_role("button", name="Not by itself").click()
    expect(desk.locator("#said-start")).to_contain_text("does not start by itself any more")
    expect(clock(ann)).to_have_count(0)
    expect(desk.locator("header.bar")).to_contain_text("seating has not begun")
    assert never_loaded_again()


def test_a_number_that_falls_is_drawn_by_the_page_itself_and_stands_still_in_a_pause(stage: Stage) -> None:
    files = files_of("dutch_clock", **{'every = "2s"': 'every = "1s"', "step = -2": "step = -1"})
    session = apart(lambda: stage.house.open_study(parse(files), {"x": 3}))
    stage.guests(session, "X1", entry={})
    pages = [stage.page(), stage.page()]
    for page, label in zip(pages, ("X2", "X3"), strict=True):
        page.goto(stage.link(session, label))
        page.get_by_role("button", name="Come in").click()
        expect_state(page, "Live")
    ann, ben = pages
    price = ann.locator("#clock b")
    expect(price).to_be_visible()
    assert ann.locator("#clock").inner_text().split() == ["The", "price", price.inner_text()]
    ann.evaluate(
        """() => {
            const node = document.querySelector("#clock b");
            window.shown = [Number(node.textContent)];
            new MutationObserver(() => window.shown.push(Number(node.textContent))).observe(node, {childList: true});
        }"""
    )
    ann.wait_for_function("() => window.shown.length > 3")
    shown = ann.evaluate("window.shown")
    assert shown == [shown[0] - nth for nth in range(len(shown))], "each once, one after the other"
    assert price.get_attribute("role") == "timer" and not ann.locator("[aria-live] #clock").count()
    stage.act("pause", session)
    expect(ann.locator("#page").get_by_text("The session is paused.")).to_be_visible()
    stands = price.inner_text()
    ben.reload()
    expect(ben.locator("#clock b")).to_have_text(stands)
    for page in pages:
        for size in (SMALL, PHONE, DESK):
            page.set_viewport_size({"width": size["width"], "height": size["height"]})
            assert page.evaluate(LOOK) == []
    stage.act("resume", session)
    expect(ann.locator("#page").get_by_text("The session is paused.")).to_be_hidden()
    ann.get_by_role("button", name="Take it").click()
    expect(ann.locator("#form-p1")).to_contain_text("The price")
    [(took,)] = stage.house.sql("select clock from move where session_id = %s", session.id)
    assert int(stands) - 10 <= int(took) <= int(stands)
    expect(ben.locator("#shown")).to_contain_text(took)
