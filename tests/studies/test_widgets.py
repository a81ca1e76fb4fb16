"""The story of the widgets that ship: each is used with a pointer or by keyboard, and what it keeps is in the data."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from app.config import PROJECT
from app.study.reading import parse, read_folder
from tests.house.barriers import barriers_at_all_sizes
from tests.house.rounds import unlike_joins
from tests.house.stage import PHONE, Stage
from tests.house.waits import apart

STUDY = PROJECT / "studies" / "widgets"


def accessible(page: Page) -> None:
    assert barriers_at_all_sizes(page, page.url) == []
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]


def go_on(page: Page) -> None:
    page.get_by_role("button", name="Continue").click()


@pytest.mark.browser
def test_what_five_widgets_keep_is_in_the_data(stage: Stage) -> None:
    stage.bear("allow-scripts and allow-same-origin")  # which holds of frames, not of a page
    session = apart(lambda: stage.house.open_folder(STUDY, {"player": 1}))
    page = stage.page(PHONE)
    page.goto(stage.link(session, "P1"))
    page.get_by_role("button", name="Come in").click()

    canvas = page.locator("canvas")
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.4 * box["height"], steps=4)
    page.mouse.up()
    canvas.press(" ")
    canvas.press("ArrowDown")
    canvas.press(" ")
    accessible(page)
    page.get_by_label("What have you drawn?").fill("A house")
    page.reload()
    expect(canvas).to_be_visible()
    go_on(page)

    page.get_by_role("button", name="Move down: Tea").press("Enter")
    expect(page.get_by_text("Tea is number 2 of 4.")).to_be_visible()
    juice, coffee = (page.get_by_text(one, exact=True) for one in ("Juice", "Coffee"))
    juice.hover()
    page.mouse.down()
    coffee.hover(position={"x": 5, "y": 2}, force=True)
    page.mouse.up()
    expect(page.get_by_text("Juice is number 1 of 4.")).to_be_visible()
    accessible(page)
    go_on(page)

    page.get_by_role("button", name="Start").click()
    for nth in range(6):
        expect(page.locator(".stage[data-shown]")).to_be_visible()
        if nth % 2:
            page.keyboard.press("f")
        else:
            page.get_by_role("button", name="Blue").click()
        expect(page.locator(".stage:not([data-shown])")).to_have_count(1)
    expect(page.get_by_text("Done. Thank you.")).to_be_visible()
    go_on(page)

    for nth in range(3):
        expect(page.get_by_text(f"{nth} of 3 counted.")).to_be_visible()
        ones = page.locator(".grid").inner_text().count("1")
        page.get_by_label("How many ones are there?").fill(str(ones))
        page.keyboard.press("Enter")
    accessible(page)
    go_on(page)

    page.get_by_label("Slider 1").fill("50")
    page.get_by_label("Slider 2").press("Home")
    expect(page.get_by_text("of 6 are at 50.")).to_be_visible()
    accessible(page)
    go_on(page)
    expect(page.locator("#code")).to_be_visible()

    stored = apart(
        lambda: stage.house.sql(
            "select field, value from record where session_id = %s order by id", session.id
        )
    )
    kept = {field: json.loads(value) for field, value in stored if field != "what"}
    drawn, pressed = kept["sketch"]["lines"]
    assert [abs(one - other) < 8 for one, other in zip(drawn[0][:2], (100, 150), strict=True)] == [True, True]
    assert [point[:2] for point in pressed] == [[500, 375], [500, 390]]
    assert kept["order"] == {"order": ["Juice", "Coffee", "Tea", "Water"], "moves": 2}
    assert [one["answer"] for one in kept["times"]["trials"]] == ["blue", "red"] * 3
    assert all(one["ms"] > 0 and one["counts"] for one in kept["times"]["trials"])
    assert 1 < kept["times"]["frame"] < 100
    assert all(one["table"].count("1") == one["said"] for one in kept["counted"])
    assert kept["sliders"]["at"][:2] == [50, 0]
    assert apart(lambda: unlike_joins(stage.house, session.id, parse(read_folder(STUDY)))) == []
