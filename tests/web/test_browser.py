"""In a real browser: from the join link to the code, for players on phones and the researcher who watches."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from app.database.connections import Connection
from app.web.access.accounts import put_account
from app.web.access.rights import give
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
    log_in,
    save,
    send,
    stays_the_same_page,
    ticks,
)
from tests.house.studies import as_files
from tests.house.waits import apart

pytestmark = pytest.mark.browser


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


CONSENT = """
title = "Consent"
[entry]
page = "consent"
decline = "declined"
attempts = 2
fields = [
    {name = "agree", ask = "I have read this and want to take part.", kind = "tick"},
    {name = "size", ask = "How many?", kind = "choice", options = ["2", "4"], correct = "4", hint = "Read it again."},
]
[[room]]
name = "four"
seats = {any = 4}
[[step]]
page = "talk"
limit = "10m"
"""


def test_one_reads_ticks_slips_and_tries_again_and_another_declines(stage: Stage) -> None:
    stage.bear(r"status of 422")
    files = as_files(CONSENT) | {
        "pages/consent.html": b"<h2>About it</h2><p>Groups have <b>four</b> people.</p>"
    }
    session = apart(lambda: stage.house.open_files(files, {"player": 2}))
    page, other = stage.page(), stage.page(DESK)
    page.goto(stage.link(session, "P1"))
    expect(page.get_by_role("heading", name="About it")).to_be_visible()
    page.get_by_label("2", exact=True).check()
    page.get_by_role("button", name="Come in").click()
    expect(page.locator("#field-entry-agree .error")).to_have_text("Please tick this box to go on.")
    page.get_by_label("I have read this").check()
    page.get_by_role("button", name="Come in").dblclick()
    expect(page.locator("#field-entry-size .error")).to_have_text("That is not right. Read it again.")
    expect(page.locator("#attempts")).to_have_text("You can try once more.")
    expect(page.get_by_label("I have read this")).to_be_checked()
    page.get_by_label("4", exact=True).check()
    page.get_by_role("button", name="Come in").click()
    expect(page.locator("#wait")).to_be_visible()

    other.goto(stage.link(session, "P2"))
    expect(other.get_by_role("button", name="I do not take part")).not_to_be_visible()
    other.get_by_text("I do not want to take part").click()
    other.get_by_role("button", name="I do not take part").click()
    expect(other.locator("#code")).to_have_text("DECLINED")


def test_four_people_and_a_researcher_from_the_link_to_the_code(stage: Stage) -> None:
    session = stage.open(start=False)
    desk = stage.page(DESK)
    log_in(stage, desk)
    desk.locator(f"a[href$='{session.id}']").click()
    expect(desk.locator("#count-invited")).to_contain_text("4")
    first_page = stays_the_same_page(desk)

    ann = stage.player(session, "P1")
    expect(ann.locator("#wait")).to_contain_text("You are the only one waiting")
    expect(ann.get_by_text("It has not begun yet")).to_be_visible()
    expect_state(ann, "Live")
    never_loaded_again = stays_the_same_page(ann)
    ben = stage.player(session, "P2")
    expect(ann.locator("#wait")).to_contain_text("people are waiting")
    expect(desk.locator("#count-waiting")).to_contain_text("2")
    assert first_page()

    desk.get_by_role("button", name="Start seating").click()
    expect(desk.locator(".bar .pill:not(#verdict)")).to_have_text("running")
    expect(ann.get_by_text("It has not begun yet")).to_be_hidden()
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

    # On a desk the talk and the field for it are one card, in which the newest stands next to the field.
    opposite.set_viewport_size({"width": DESK["width"], "height": DESK["height"]})
    card, newest, field = (
        opposite.locator(part).bounding_box() for part in (".beside-it", "#talk li", "#send")
    )
    assert card and newest and field and card["x"] == field["x"] and card["width"] == field["width"]
    assert abs(card["y"] + card["height"] - field["y"]) <= 8, (card, field)
    assert 0 < field["y"] - newest["y"] - newest["height"] <= 30, (newest, field)
    opposite.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    expect(desk.locator(".curves figcaption", has_text="messages")).to_contain_text("2")

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
    expect(slider).to_have_attribute("aria-valuetext", "Nothing yet.")
    ann.keyboard.press("Space")
    expect(ann.locator("output")).to_have_text("50")
    expect(slider).not_to_have_attribute("aria-valuetext", re.compile(""))
    ann.get_by_role("radio", name="4", exact=True).check()
    ann.get_by_label("A guess").check()
    ann.get_by_label("Yes").check()
    ann.get_by_label("How many agree?").fill("3")
    save(ann)
    expect_state(ann, "Live · saved")
    assert stage.versions(session, "P1", "belief") == ["50"]


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
    desk.get_by_text("More…").click()
    desk.get_by_text("Close…").click()
    ticks(desk, 2)
    desk.get_by_role("button", name="Close the session").click()
    expect(desk.locator(".bar .pill:not(#verdict)")).to_have_text("closed")
    expect(desk.locator("#count-finished")).to_contain_text("2")
    expect(desk.locator("#count-left")).to_contain_text("1")
    expect(ann.locator("#code")).to_have_text("C2")
    with desk.expect_download() as download:
        desk.get_by_role("link", name="Download", exact=True).click()
    assert download.value.suggested_filename.endswith(".zip")
    desk.get_by_role("link", name="All sessions").click()
    desk.get_by_role("button", name="Log out").click()
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
    expect_round(page, 1)  # the lobby reloads itself

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
    look_until(page, page.locator("#where").get_by_text("round 2 of 2"))
    expect_round(page, 2)
    fill_in(page)
    save(page)
    stage.answer(ben)
    look_until(page, page.locator("#code"))
    expect(page.locator("#code")).to_have_text("BRIDGE-DONE")
    assert stage.versions(session, "P1", "agree") == ["4", "3"]


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
    expect(page.locator("#page").get_by_text("They have your question")).to_be_visible()
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
    assert sum(size for _, size in sizes) < 11_000, sizes
    sizes.clear()
    come_in(page, stage.link(session, "P1"))
    expect_state(page, "Live")
    wanted = {"play", "app.css", "app.js", "htmx-4.0.1.min.js", "hx-sse-4.0.1.min.js"}
    hear_until(page, lambda: wanted <= {url.partition("?")[0].rpartition("/")[2] for url, _ in sizes})
    assert sum(size for _, size in sizes) < 45_500, (
        sizes
    )  # the join page once more in it, and numbers of eleven digits


def hear_until(page: Page, holds: Callable[[], bool]) -> None:
    """Let the browser's events come until `holds`, 10 seconds at most."""
    for _ in range(200):
        if holds():
            return
        page.wait_for_timeout(50)  # Playwright hands on the browser's events only while it waits
    raise AssertionError("it never held")


def expect_filled_plainly(page: Page, belief: str) -> None:
    expect(page.get_by_label("How sure are you?")).to_have_value(belief)
    expect(page.get_by_label("A guess")).to_be_checked()


def look_until(page: Page, seen: Locator) -> None:
    """Without scripts nothing comes by itself, and the room moves on a moment after its last answer."""
    for _ in range(50):
        page.get_by_role("link", name="See what is new").click()
        if seen.count():
            return


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
    expect(one.get_by_text("1 of those you see has chosen the same as you.")).to_be_visible()
    assert stage.versions(session, "P1", "colour") == ["rot"]
    assert stage.versions(session, "P2", "colour") == ["blau", "rot"]


REFUSED = """() => {
    document.querySelectorAll("details").forEach((one) => (one.open = true));
    return [...document.querySelectorAll(".act, .files, .own")]
        .filter((one) => one.checkVisibility({visibilityProperty: true})).map((one) => one.innerText);
}"""


def test_no_page_shows_an_observer_what_would_be_refused_not_even_in_a_menu(stage: Stage) -> None:
    session = stage.open(PAIR, 2)
    stage.guests(session, "P1", "P2")

    async def staff(conn: Connection) -> None:
        for name in ("ada", "otto"):
            await put_account(conn, name, "a long password")
        await give(conn, session.id, "ada", "owner", "story")
        await give(conn, session.id, "otto", "observer", "story")

    apart(lambda: stage.house.do(staff))
    [(room, player)] = stage.house.sql(
        "select room_id, id from player where session_id = %s and label = 'P1'", session.id
    )
    seen: dict[str, list[list[str]]] = {}
    for name in ("ada", "otto"):
        desk = stage.page(DESK)
        log_in(stage, desk, name=name)
        seen[name] = []
        for path in ("", f"/rooms/{room}", f"/players/{player}", "/answers"):
            desk.goto(f"{stage.server.base}/admin/sessions/{session.id}{path}")
            seen[name].append(desk.evaluate(REFUSED))
        desk.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
        desk.goto(f"{stage.server.base}/admin/sessions/{session.id}")
        desk.get_by_text("More…").click()
        menu = desk.locator("#more > .card").bounding_box()
        assert menu and menu["x"] >= 0 and menu["x"] + menu["width"] <= PHONE["width"], menu
    assert all(seen["ada"]) and {"Export", "Rights"} <= set(seen["ada"][0])
    assert not any(seen["otto"]), seen["otto"]


def test_who_watches_is_told_what_comes_next_and_not_to_do_it(stage: Stage) -> None:
    session = stage.open(PAIR, 2, start=False)

    async def staff(conn: Connection) -> None:
        for name in ("ada", "otto"):
            await put_account(conn, name, "a long password")
        await give(conn, session.id, "ada", "owner", "story")
        await give(conn, session.id, "otto", "observer", "story")

    apart(lambda: stage.house.do(staff))
    for name, said, other in (
        ("ada", "Start seating once enough are here.", "Seating begins when"),
        ("otto", "Seating begins when a colleague of yours starts it.", "Start seating"),
    ):
        desk = stage.page(DESK)
        log_in(stage, desk, name=name)
        desk.goto(f"{stage.server.base}/admin/sessions/{session.id}")
        then = desk.locator(".next .then")
        expect(then.get_by_text(said)).to_be_visible()
        assert other not in then.inner_text()


def test_what_a_room_has_said_is_wider_than_its_log(stage: Stage) -> None:
    session, desk = stage.open(PAIR, 2), stage.page(DESK)
    stage.guests(session, "P1", "P2")
    [(room,)] = stage.house.sql("select id from room where session_id = %s", session.id)
    log_in(stage, desk)
    desk.goto(f"{stage.server.base}/admin/sessions/{session.id}/rooms/{room}")
    expect(desk.get_by_text("Talk, newest first")).to_be_visible()
    talk, log = (desk.get_by_role("region", name=name).bounding_box() for name in ("Talk", "Log"))
    assert talk and log and talk["y"] == log["y"] and talk["width"] > log["width"] > 300
