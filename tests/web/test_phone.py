"""On phones, narrow and wide, zoomed, with the keyboard out: nothing is cut, too small, out of reach or jumps."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.house.stage import (
    LOOK,
    PAIR,
    PHONE,
    SMALL,
    Stage,
    clock,
    expect_round,
    expect_state,
    fill_in,
    log_in,
    save,
    send,
    stays_the_same_page,
)
from tests.house.studies import PAGE
from tests.house.waits import apart

pytestmark = pytest.mark.browser

ZOOMED = {"width": 195, "height": 422}  # a phone at 200 %
TYPING = {"width": 390, "height": 430}  # its keyboard takes the rest
STUDY = PAIR.replace(
    """["Every day", "Never"]},""",
    """["Every day", "Never"]},
    {name = "mood", ask = "How are you today?", kind = "scale", min = 1, max = 7, low = "bad", high = "good"},
    {name = "hope", ask = "How hopeful are you?", kind = "slider", min = 0, max = 10},
    {name = "town", ask = "Where do you live?", kind = "text", max = 80, required = false},""",
)
ENTRY = {"age": "33", "news": "Never", "mood": "4", "hope": "5"}
FINGERS = """() => [...document.querySelectorAll("button, .button, summary, select, nav a, .menu a, input, textarea")]
    .filter(node => node.checkVisibility({visibilityProperty: true}) && !node.matches("[type=checkbox], [type=radio]"))
    .map(node => [node.getBoundingClientRect().height, node.outerHTML.slice(0, 120)])
    .filter(([height]) => height < 43.9)"""
ENDS = ' low = "not with any of it at all", high = "with every single word of it"'
LONG = "https://example.org/" + "neverending" * 20


def test_every_page_fits_and_can_be_tapped_on_wide_narrow_and_zoomed_phones(stage: Stage) -> None:
    stage.bear(r"status of 422")
    session = stage.open(STUDY, 2)
    page = stage.page(PHONE, device_scale_factor=2, has_touch=True)
    found: list[str] = []

    def look(name: str) -> None:
        for details in page.locator("details").all():
            details.evaluate("node => { node.open = true }")
        assert page.locator("button:visible, a:visible, summary:visible").count(), "something can be tapped"
        for size in (SMALL, ZOOMED, PHONE):
            page.set_viewport_size({"width": size["width"], "height": size["height"]})
            found.extend(f"{name} {size['width']}: {line}" for line in page.evaluate(LOOK))

    page.goto(stage.link(session, "P1"))
    look("join")
    page.get_by_role("button", name="Come in").tap()
    expect(page.locator(".error").first).to_be_visible()
    look("join with mistakes")
    enter(page, stage.link(session, "P1"))
    expect(page.locator("#wait")).to_be_visible()
    look("lobby")
    page.goto(stage.link(session, "P1"))
    look("join again")
    page.goto(f"{stage.server.base}/play")
    [ben] = stage.guests(session, "P2", entry=ENTRY)
    expect_round(page, 1)
    expect_state(page, "Live")
    stage.say(ben, LONG)
    expect(page.locator("#talk li")).to_have_count(1)
    send(page, "A short one")
    stage.tell_everybody(session, f"Look at {LONG}")
    expect(page.locator(".banner")).to_be_visible()
    look("room")
    page.set_viewport_size({"width": ZOOMED["width"], "height": ZOOMED["height"]})
    save(page)  # nothing covers it
    expect(page.locator(".error").first).to_be_visible()
    look("room with mistakes")
    page.evaluate("scrollTo(0, 0)")
    stage.say(ben, LONG)
    expect(page.locator("#newest")).to_be_visible()
    look("room with news")
    stage.act("pause", session)
    expect(page.locator("#page").get_by_text("The session is paused.")).to_be_visible()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(page.locator("#where").get_by_text("paused")).to_be_in_viewport()  # the clock says it, too
    look("pause")
    stage.act("close", session)
    expect(page.locator("#code")).to_be_visible()
    look("done")
    assert found == []


def test_a_scale_is_one_line_on_the_smallest_phone_and_a_longer_one_a_list(stage: Stage) -> None:
    mood = """{name = "mood", ask = "How are you today?", kind = "scale", min = 1, max = 7,"""
    assert mood in STUDY
    longer = "".join(mood.replace("mood", f"of{n}").replace("7", str(n)) + f"{ENDS}}},\n" for n in (9, 11))
    rows = 'rows = ["Before", "After"]'
    for n in (9, 11):
        longer += f'{{name = "rows{n}", ask = "How was it?", kind = "matrix", {rows}, min = 1, max = {n}, {ENDS}}},\n'
    page = stage.page(SMALL)
    page.goto(stage.link(stage.open(STUDY.replace(mood, longer + mood), 1), "P1"))
    lines_of = {"mood": (7, 1), "of9": (9, 1), "of11": (11, 11), "rows9-1": (9, 1), "rows11-1": (11, 11)}

    def stand() -> None:
        for name, (points, lines) in lines_of.items():
            tops = page.locator(f"label:has([name={name}])").evaluate_all(
                "all => all.map(one => one.offsetTop)"
            )
            assert (len(tops), len(set(tops))) == (points, lines), f"{name}: {tops}"
        assert page.evaluate(LOOK) == []

    stand()
    stage.bear("422")
    page.get_by_role("button", name="Come in").click()
    expect(page.locator(".field.wrong:has([name=of9])")).to_be_visible()
    stand()  # a question that is marked is as wide as it was


def test_an_authors_lists_headings_pictures_and_tables_fit_within_a_step_on_the_smallest_phone(
    stage: Stage,
) -> None:
    """Bullets hung beside the card, and a table made the page wider than the phone."""
    row = "".join(f"<td>{word}</td>" for word in ("cooperate", "cooperate", "3.00", "3.00"))
    heads = "".join(f"<th>{word}</th>" for word in ("If you", "and the other", "you get", "they get"))
    own = f"""{PAGE}{{% block before %}}<h2>About</h2><h3>Rules</h3><ul><li>Alone<ol><li>First</li></ol></li></ul>
    <img alt="A bridge" width="480" height="90" src="/static/icon.svg">
    <table><thead><tr>{heads}</tr></thead><tbody><tr>{row}</tr></tbody></table>{{% endblock %}}"""
    files = {"study.toml": b'title = "Words"\n[[before]]\npage = "rules"\n', "pages/rules.html": own.encode()}
    session, page = apart(lambda: stage.house.open_files(files, {"player": 1})), stage.page(SMALL)
    page.goto(stage.link(session, "P1"))
    page.get_by_role("button", name="Come in").click()
    expect(page.locator("#step h2")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == SMALL["width"]
    edge = page.locator("#step form").bounding_box()
    assert edge is not None
    for part in ("ul li", "ol li", "img", "table"):
        box = page.locator(f"#step {part}").first.bounding_box()
        assert box and box["x"] >= edge["x"] + 16 and box["x"] + box["width"] <= edge["x"] + edge["width"], (
            part
        )
    drawn = "(all, of) => all.map(one => parseFloat(getComputedStyle(one)[of]))"
    section, part_of_it = page.locator("#step :is(h2, h3)").evaluate_all(drawn, "fontSize")
    assert section > part_of_it > 16
    assert min(page.locator("#step :is(ul, ol)").evaluate_all(drawn, "paddingInlineStart")) > 20, "of bullets"


def test_with_the_keyboard_out_one_can_write_send_and_see_the_time(stage: Stage) -> None:
    session = stage.open(STUDY, 2)
    page = stage.page()
    enter(page, stage.link(session, "P1"))
    [ben] = stage.guests(session, "P2", entry=ENTRY)
    expect_round(page, 1)
    for number in range(10):
        stage.say(ben, f"line {number}")
    expect(page.locator("#talk li")).to_have_count(10)
    whole(page, clock(page))
    for part in ("#leave summary", "#talk li:last-child", "#talk", "#step .field:nth-of-type(3)"):
        page.locator(part).first.evaluate("node => node.scrollIntoView({block: 'center'})")
        whole(page, clock(page))
    for unfolded, within in (("#leave", "Leave for good"), ("#help", "Ask")):
        page.locator(f"{unfolded} summary").click()
        whole(page, page.get_by_role("button", name=within))
        page.locator(f"{unfolded} summary").click()

    page.locator("#body").click()
    page.set_viewport_size({"width": TYPING["width"], "height": TYPING["height"]})
    page.keyboard.type("I can see what I write")
    for needed in (page.locator("#body"), page.get_by_role("button", name="Send"), clock(page)):
        whole(page, needed)
    page.keyboard.press("Enter")
    expect(page.locator("#talk li.own")).to_have_count(1)
    expect(page.locator("#talk li.own")).to_be_in_viewport()
    why = page.get_by_label("Why?")
    why.click()
    page.keyboard.type("This too")
    whole(page, why)
    whole(page, clock(page))


def test_what_the_reader_types_in_stays_where_it_is_when_updates_come(stage: Stage) -> None:
    session = stage.open(STUDY, 3)
    page = stage.page()
    enter(page, stage.link(session, "P1"))
    [ben] = stage.guests(session, "P2", entry=ENTRY)
    expect_round(page, 1)
    expect_state(page, "Live")
    page.evaluate("scrollTo(0, 0)")  # there no browser holds on to what is read by itself
    updates: dict[str, tuple[Callable[[], None], Locator]] = {
        "a message": (lambda: stage.say(ben, "A word"), page.locator("#talk li").last),
        "a banner": (lambda: stage.tell_everybody(session, "Five minutes more."), page.locator(".banner")),
        "an answer": (lambda: stage.answer(ben), page.get_by_text("1 of 1 neighbour has answered")),
        "no banner": (lambda: stage.tell_everybody(session, ""), page.locator("body:not(:has(.banner))")),
        "a pause": (
            lambda: stage.act("pause", session),
            page.locator("#page").get_by_text("The session is paused."),
        ),
        "the end of it": (lambda: stage.act("resume", session), page.locator("body:not(:has(.paused))")),
    }
    for field in (page.get_by_label("How sure are you?"), page.get_by_label("Why?"), page.locator("#body")):
        field.focus()
        page.keyboard.press("ArrowRight")
        for name, (happens, seen) in updates.items():
            if name == "an answer" and field.evaluate("node => node.id !== 'p0-belief'"):
                continue  # it comes once
            before = field.bounding_box()
            happens()
            expect(seen).to_be_visible()
            after = field.bounding_box()
            assert before and after and abs(after["y"] - before["y"]) <= 1, f"{name} moved {field}"
            assert after == pytest.approx(before, abs=1), f"{name} changed the size of {field}"
            expect(field).to_be_focused()


def test_words_from_right_to_left_and_readers_who_hear_or_want_no_movement(stage: Stage) -> None:
    session = stage.open(STUDY, 2)
    page = stage.page(PHONE, reduced_motion="reduce")
    enter(page, stage.link(session, "P1"))
    [ben] = stage.guests(session, "P2", entry=ENTRY)
    expect_round(page, 1)
    stage.say(ben, "Left to right")
    expect(page.locator("#talk li")).to_have_count(1)
    page.evaluate("window.talk = document.querySelector('#talk'); window.first = talk.firstElementChild")
    stage.say(ben, "الجسر مفتوح")
    stage.say(ben, "Left again, with هذا in it")
    expect(page.locator("#talk li")).to_have_count(3)
    directions = page.locator("#talk li span[dir]").evaluate_all(
        "nodes => nodes.map(node => getComputedStyle(node).direction)"
    )
    assert directions == ["ltr", "rtl", "ltr"]
    page.locator("#body").fill("مرحبا")
    assert page.locator("#body").evaluate("node => getComputedStyle(node).direction") == "rtl"
    # A screen reader says what is added to a region that it knows: the region and its first line are the same nodes.
    assert page.evaluate(
        "talk.isConnected && talk.ariaLive === 'polite' && first.isConnected && talk.firstElementChild === first"
    )
    for region in ("#state", "#notice"):
        assert page.locator(region).get_attribute("role") == "status"
    moving = "document.getAnimations().length + [...document.querySelectorAll('*')].filter(node => {\n"
    moving += "const style = getComputedStyle(node); return parseFloat(style.transitionDuration) > 0.01\n"
    moving += "|| (style.animationName !== 'none' && parseFloat(style.animationDuration) > 0.01)\n"
    moving += "|| style.scrollBehavior === 'smooth' }).length"
    fill_in(page)
    save(page)
    expect_state(page, "Live · saved")
    assert page.evaluate("matchMedia('(prefers-reduced-motion: reduce)').matches")
    assert page.evaluate(moving) == 0


def test_who_comes_back_from_a_locked_phone_is_where_they_were_in_the_queue(stage: Stage) -> None:
    """The phone has let go of the page, or has only frozen it."""
    mixed = STUDY.replace("seats = {any = 2}", "seats = {red = 1, blue = 1}")
    session = apart(lambda: stage.house.open(mixed, {"red": 3, "blue": 1}))
    stage.guests(session, "R1", entry=ENTRY)
    page = stage.page()
    enter(page, stage.link(session, "R2"))
    wait = page.locator("#wait")
    before = "One person before you waits for the same place."
    expect(wait).to_contain_text(before)
    never_loaded_again = stays_the_same_page(page)
    phone = page.context.new_cdp_session(page)
    phone.send("Page.setWebLifecycleState", {"state": "frozen"})
    stage.guests(session, "R3", entry=ENTRY)
    phone.send("Page.setWebLifecycleState", {"state": "active"})
    expect_state(page, "Live")
    expect(wait).to_contain_text(before)
    assert never_loaded_again()

    again = page.context.new_page()
    page.close()
    again.goto(stage.link(session, "R2"))
    again.get_by_role("button", name="Go on").click()
    expect(again.locator("#wait")).to_contain_text(before)
    stage.guests(session, "B1", entry=ENTRY)
    expect(again.locator("#wait")).to_contain_text(
        "You are next: as soon as the group is complete, you are in it."
    )


def whole(page: Page, part: Locator) -> None:
    """All of it is in view."""
    box = part.bounding_box()
    assert box and box["y"] >= 0 and box["y"] + box["height"] <= page.evaluate("innerHeight"), (
        f"{part}: {box}"
    )
    top = part.evaluate(
        """node => {
            const { left, top, width, height } = node.getBoundingClientRect();
            const found = document.elementFromPoint(left + width / 2, top + height / 2);
            return node.contains(found);
        }"""
    )
    assert top, f"{part} is covered"


def enter(page: Page, link: str) -> None:
    page.goto(link)
    page.get_by_label("Your age in years").fill("33")
    page.get_by_label("Never").check()
    page.locator("[name=mood][value='4']").check()
    page.get_by_label("How hopeful are you?").press("ArrowRight")
    page.get_by_role("button", name="Come in").click()
    expect(page.locator("#page")).to_be_visible()


def test_what_a_researcher_taps_is_as_tall_as_a_finger(stage: Stage) -> None:
    session = stage.open(PAIR, 4)
    stage.guests(session, "P1", "P2")
    desk = stage.page(PHONE, has_touch=True, is_mobile=True)
    log_in(stage, desk)
    small: list[str] = []
    place = f"/admin/sessions/{session.id}"
    for address in (
        "/admin",
        place,
        f"{place}/players",
        f"{place}/answers",
        "/admin/studies",
        "/admin/account",
    ):
        desk.goto(stage.server.base + address)
        expect(desk.get_by_role("heading").first).to_be_visible()
        for details in desk.locator("details").all():
            details.evaluate("node => { node.open = true }")
        small += [f"{address}: {height} {html}" for height, html in desk.evaluate(FINGERS)]
        assert desk.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
    assert small == []
    desk.goto(stage.server.base + place)
    desk.get_by_text("mixed 1").tap()
    expect(desk.get_by_role("heading", name="Who sees whom")).to_be_visible()
