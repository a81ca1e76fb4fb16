"""Stories of a study's own script: what it is told of its page, what it keeps in a field, the moves it makes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.house.scripts import scripted
from tests.house.stage import Stage
from tests.house.studies import changed
from tests.house.waits import apart


def told(page: Page, what: str) -> list[object]:
    found = page.evaluate("told")
    return [news for name, news in found if name == what]


@pytest.mark.browser
def test_a_script_keeps_what_it_drew_with_the_form_and_makes_moves(stage: Stage, tmp_path: Path) -> None:
    stage.bear("allow-scripts and allow-same-origin")  # which holds of frames, not of a page
    stage.bear("status of 422")
    session = apart(lambda: stage.house.open_folder(scripted(tmp_path), {"player": 1}))
    page = stage.page()
    page.goto(stage.link(session, "P1"))
    page.get_by_role("button", name="Come in").click()
    expect(page.locator("#drawn")).to_have_text("drawn null")
    assert told(page, "shown") == [{"step": "draw", "round": 1}]
    assert told(page, "state") == [{"round": 1}]
    assert page.evaluate("networklab.version") == 1
    assert 500 < page.evaluate("networklab.left()") <= 600
    assert page.evaluate("networklab.set('nothing', 1)") is False
    for wrong in ("networklab.set('sketch', undefined)", "networklab.on('nothing', () => {})"):
        assert (
            page.evaluate(f"() => {{ try {{ {wrong} }} catch (error) {{ return error.name }} }}")
            == "TypeError"
        )
    large = (
        "() => { try { networklab.set('sketch', 'x'.repeat(65536)) } catch (error) { return error.name } }"
    )
    assert page.evaluate(large) == "RangeError"
    page.evaluate("networklab.version = 2; delete globalThis.networklab")
    assert page.evaluate("networklab.version") == 1

    # What was drawn and not yet saved survives a reload, as what is typed does.
    assert page.evaluate("networklab.set('sketch', {lines: [[1, 2]], by: '“Ä”'})") is True
    page.reload()
    expect(page.locator("#drawn")).to_have_text('drawn {"lines":[[1,2]],"by":"“Ä”"}')
    page.get_by_label("How sure are you?").fill("12")
    page.get_by_role("button", name="Save my answers").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    expect(page.locator("#drawn")).to_have_text('drawn {"lines":[[1,2]],"by":"“Ä”"}')
    page.get_by_label("How sure are you?").fill("7")
    page.get_by_role("button", name="Save my answers").click()
    expect(page.locator("#where")).to_contain_text("2")
    body = page.locator("body")
    expect(body).to_have_attribute("data-told", re.compile(r'"shown",{"step":"draw","round":2}'))
    assert told(page, "state")[-1] == {"round": 2}
    expect(page.locator("#drawn")).to_have_text("drawn null")
    page.get_by_label("How sure are you?").fill("1")
    page.get_by_role("button", name="Save my answers").click()

    # Moves one after the other, each with its own key.
    expect(page.get_by_role("button", name="Bid")).to_be_visible()
    made = page.evaluate("Promise.all([3, 9, 4].map((price) => networklab.move('bid', { price })))")
    assert [one["ok"] for one in made] == [True, False, True]
    assert made[1]["said"] == "That is too much."
    expect(body).to_have_attribute("data-told", re.compile(r'"state",{"best":4}'))
    assert page.evaluate("networklab.move('nothing')") == {"ok": False, "said": ""}
    expect(page.locator("#code")).to_be_visible()
    assert [one["step"] for one in told(page, "deadline")] == ["trade"]  # type: ignore[index]
    stored = apart(
        lambda: stage.house.sql(
            "select value from record where session_id = %s and field = 'sketch' and value <> ''", session.id
        )
    )
    assert [json.loads(value) for (value,) in stored] == [{"lines": [[1, 2]], "by": "“Ä”"}]


@pytest.mark.browser
def test_a_script_hears_that_the_time_was_up_also_where_the_next_step_came_first(
    stage: Stage, tmp_path: Path
) -> None:
    """On a busy phone: its page looks at the clock a while later than the server."""
    stage.bear("allow-scripts and allow-same-origin")
    study = scripted(tmp_path) / "study.toml"
    study.write_text(changed(study.read_text(), 'repeat = 2\nlimit = "10m"', 'limit = "6s"'))
    session = apart(lambda: stage.house.open_folder(tmp_path, {"player": 1}))
    page = stage.page()
    page.add_init_script("window.setInterval = () => 0")
    page.goto(stage.link(session, "P1"))
    page.get_by_role("button", name="Come in").click()
    expect(page.get_by_role("button", name="Bid")).to_be_visible(timeout=30_000)
    assert told(page, "deadline") == [{"step": "draw", "round": 1}]
    assert told(page, "shown")[-1] == {"step": "trade", "round": 1}
