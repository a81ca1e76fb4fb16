"""Every kind of question in a browser, on the narrowest phone: by keyboard, by finger, and from right to left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from playwright.sync_api import Page, expect

from tests.house.barriers import barriers_at_all_sizes
from tests.house.house import Opened
from tests.house.questions import QUESTIONS, question_files
from tests.house.stage import LOOK, SMALL, Stage, tab_to
from tests.house.waits import apart

pytestmark = pytest.mark.browser

ARABIC = """
"How was your day?" = "كيف كان يومك؟"
"bad" = "سيئ"
"good" = "جيد"
"The talk" = "الحديث"
"Me" = "أنا"
"You" = "أنت"
"dots" = "نقاط"
"By bike" = "بالدراجة"
"""
FILES = {
    **question_files(QUESTIONS.replace("\n[pay]", '\nlanguages = ["ar"]\n[pay]', 1)),
    "languages/ar.toml": ARABIC.encode(),
}
# Name of a control → what is typed, chosen or ticked there.
Given = Mapping[str, str | Sequence[str]]
LOTS = {f"risk-{row}": "A" for row in range(1, 5)} | {f"risk-{row}": "B" for row in range(5, 11)}
LOTS |= {f"lots-{row}": "AABBB"[row - 1] for row in range(1, 6)}
# What is given first, and does not fit.
WRONG: Mapping[int, Given] = {
    1: {"siblings": "many", "height": "9.99", "price": "free", "up": "03:30"},
    2: {"dream": "no", "plate": "5066", "news": ["Radio", "Friends", "Paper"], "best": ["1", "1", "2"]}
    | {"game-1": "7", "game-3": "1", "often-1": "never", "share-1": "30", "share-2": "40", "cost-1": "9.9"}
    | {"cost-2": "0.1", **LOTS, "risk-1": "B", "risk-2": "A", "lots-3": ""},
}
RIGHT: Mapping[int, Given] = {
    1: {"siblings": "2", "height": "1.8", "price": "3.5", "born": "01022000", "up": "0730AM", "sure": "51"}
    | {"mood": "2"},
    2: {"dream": "nothing", "plate": "50667", "way": "By bike", "colour": "Cold", "news": ["Radio", "Paper"]}
    | {"best": ["3", "1", "2"], "pets": "yes", "game-1": "7", "game-2": "2", "game-3": "1", "agree": ["yes"]}
    | {"often-1": "never", "often-2": "often", "share-1": "30", "share-2": "70", "cost-1": "9.25"}
    | {"cost-2": "0.75", **LOTS},
}
# The same by a finger, in Arabic: a decimal point as it is written there, and two say that they don't know.
TAPPED: Mapping[int, Given] = {
    1: {**RIGHT[1], "height": "1٫8", "born": "2000-01-02", "up": "07:30", "sure": "50"}
    | {"siblings-dont_know": ["dont_know"]},
    2: {
        **RIGHT[2],
        "cost-1": "٩٫٢٥",
        "cost-2": "٠٫٧٥",
        "share-dont_know": ["dont_know"],
        "pets": "dont_know",
    },
}
SENTENCES = {
    1: {
        "siblings": "Please give a whole number that is 0 or more.",
        "height": "Please give a number from 0.5 to 2.5.",
        "price": "Please give a number from 0 to 10.",
        "born": "Please give a date.",
        "up": "Please give a time that is 04:00 or later.",
        "sure": "Please answer this question.",
        "mood": "Please choose one of the numbers.",
    },
    2: {
        "dream": "Please write at least 3 characters; it has 2 now.",
        "plate": "Please write it like this: 50667",
        "way": "Please choose one of the answers.",
        "colour": "Please choose one of the answers.",
        "news": "Please choose at most 2.",
        "best": "Please give each of them a place of its own.",
        "pets": "Please choose yes or no.",
        "game": "Please answer in each row.",
        "often": "Please answer in each row.",
        "share": "These must add up to 100; they make 70 now.",
        "cost": "Please give a number that is 0.5 or more.",
        "risk": "Please change from A to B only once, from the top to the bottom.",
        "lots": "Please choose A or B in each row.",
        "agree": "Please tick this box to go on.",
    },
}
STORED = (
    {"siblings": "2", "height": "1.8", "price": "3.5", "born": "2000-01-02", "up": "07:30", "sure": "51"}
    | {"mood": "2", "dream": "nothing", "plate": "50667", "way": "By bike", "colour": "Cold", "pets": "yes"}
    | {"news": '["Radio","Paper"]', "best": '["Coffee","Water","Tea"]', "share": '{"Me":30,"You":70}'}
    | {"often": '{"Read":"never","Swim":"often"}', "game": '{"The talk":7,"The waiting":2,"The pay":1}'}
    | {"cost": '{"I":9.25,"You":0.75}', "risk": "AAAABBBBBB", "lots": "AABBB", "clicks": "", "agree": "yes"}
)


def test_wrong_answers_of_each_kind_stand_there_with_a_sentence_and_keys_put_them_right(stage: Stage) -> None:
    stage.bear(r"status of 422")
    session = apart(lambda: stage.house.open_files(FILES, {"player": 1}))
    page, found = stage.page(SMALL, has_touch=True), list[str]()
    page.goto(stage.link(session, "P1"))
    page.get_by_role("button", name="Come in").press("Enter")
    for number in (1, 2):
        expect(page.locator("#where")).to_contain_text(f"page {number} of 2")
        expect(page.locator("#state")).to_contain_text("Live")
        by_fingers(page, WRONG[number])
        page.locator("#step button.main").tap()
        expect(page.locator(".error").first).to_be_visible()
        assert sentences(page) == SENTENCES[number]
        found += page.evaluate(LOOK)
        assert kept(page, WRONG[number]) == []
        by_keys(page, RIGHT[number])
        hand_in(page)
    expect(page.locator("#code")).to_be_visible()
    assert found == []
    assert stored(stage, session) == STORED


def test_each_kind_of_question_is_answered_by_fingers_from_right_to_left(stage: Stage) -> None:
    session = apart(lambda: stage.house.open_files(FILES, {"player": 1}))
    page, found = stage.page(SMALL, has_touch=True, is_mobile=True), list[str]()
    page.goto(stage.link(session, "P1") + "?lang=ar")
    page.locator("button.main").tap()
    for number in (1, 2):
        expect(page.locator("html")).to_have_attribute("dir", "rtl")
        expect(page.locator(f"[name={'height' if number == 1 else 'plate'}]")).to_be_visible()
        found += barriers_at_all_sizes(page, f"page {number}", [SMALL]) + page.evaluate(LOOK)
        by_fingers(page, TAPPED[number])
        if number == 2:
            expect(page.locator("[id$='-cost'] [data-sum]")).to_have_text("10 من 10")
        page.locator("#step button.main").tap()
    expect(page.locator("#code")).to_be_visible()
    assert found == []
    unknown = {"siblings": "dont_know", "share": "dont_know", "pets": "dont_know", "sure": "50"}
    assert stored(stage, session) == {**STORED, **unknown}


def controls(page: Page) -> list[tuple[str, str]]:
    """Each that somebody sees, by its name, from the top, with its type."""
    seen = page.locator("#step").evaluate(
        """step => [...step.querySelectorAll("input, select, textarea")]
            .filter((node) => node.type !== "hidden" && node.checkVisibility())
            .map((node) => [node.name || node.dataset.name, node.type])"""
    )
    return list({name: (name, kind) for name, kind in seen}.values())


def by_keys(page: Page, given: Given) -> None:
    """With nothing but the keyboard, from the top of the form to its end."""
    press = page.keyboard.press
    for name, kind in controls(page):
        if not (said := given.get(name)):
            continue
        inputs = page.locator(f"#step [name='{name}'], #step [data-name='{name}']")
        if kind == "radio":
            chosen = page.locator(f"#step [name='{name}']:checked")
            if not chosen.count():
                tab_to(page, inputs.first, most=200)
                press("Space")
            elif chosen.input_value() != said:
                tab_to(page, chosen, most=200)
            for _ in range(10):
                if chosen.input_value() != said:
                    press("ArrowDown")
            continue
        for nth, one in enumerate(inputs.all()):
            if kind == "checkbox" and one.is_checked() == (one.input_value() in said):
                continue
            tab_to(page, one, most=200)
            if kind == "checkbox":
                press("Space")
            elif kind == "range":
                press("ArrowRight")
            elif kind == "select-one":
                press(said[nth])
            else:
                if kind in ("text", "textarea"):
                    press("Control+A")
                page.keyboard.type(str(said))


def by_fingers(page: Page, given: Given) -> None:
    for name, kind in controls(page):
        if not (said := given.get(name)):
            continue
        inputs = page.locator(f"#step [name='{name}'], #step [data-name='{name}']")
        if kind == "radio":
            page.locator(f"#step label:has([name='{name}'][value='{said}'])").tap()
            continue
        for nth, one in enumerate(inputs.all()):
            if kind == "checkbox":
                if one.input_value() in said:
                    one.tap()
            elif kind == "range":
                one.tap()  # its middle
            elif kind == "select-one":
                one.select_option(index=int(said[nth]))
            else:
                one.tap()
                one.fill(str(said))


def hand_in(page: Page) -> None:
    tab_to(page, page.get_by_role("button", name="Continue"), most=200)
    with page.expect_response("**/play/records"):
        page.keyboard.press("Enter")


def sentences(page: Page) -> dict[str, str]:
    """What stands beside each question that is marked."""
    marked = page.locator(".field.wrong").all()
    return {
        str(one.get_attribute("id")).rpartition("-")[2]: one.locator(".error").inner_text() for one in marked
    }


def kept(page: Page, given: Given) -> list[str]:
    """What was given and does not stand there any more."""
    lost = []
    for name, kind in controls(page):
        if not (said := given.get(name)):
            continue
        inputs = page.locator(f"#step [name='{name}']").all()
        if kind in ("radio", "checkbox"):
            there = [one.input_value() for one in inputs if one.is_checked()]
            wanted = [said] if isinstance(said, str) else [*said]
        elif kind == "select-one":
            there, wanted = [one.input_value().split()[0] for one in inputs], [*said]
        else:
            there, wanted = [inputs[0].input_value()], [str(said)]
        if there != wanted:
            lost.append(f"{name} is {there}, was {wanted}")
    return lost


def stored(stage: Stage, session: Opened) -> dict[str, str]:
    found = stage.house.sql("select field, value from record where session_id = %s order by id", session.id)
    return dict(found)
