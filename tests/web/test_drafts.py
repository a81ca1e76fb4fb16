"""In a real browser: what somebody has typed and not saved."""

from __future__ import annotations

import asyncio

import pytest
from playwright.sync_api import expect

from tests.house.stage import (
    DESK,
    PAIR,
    Stage,
    come_in,
    expect_empty,
    expect_filled,
    expect_round,
    expect_state,
    fill_in,
    save,
)
from tests.house.waits import apart, until

pytestmark = pytest.mark.browser


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
    expect_state(laptop, "Live")
    expect_round(laptop, 1)
    expect_filled(laptop, belief="70", why="typed on a phone")
    expect(laptop.get_by_label("Message to your neighbours")).to_have_value("half a mess")
    save(laptop)
    expect_state(laptop, "Live · saved")
    assert stage.versions(session, "P1", "why") == ["typed on a phone"]
    laptop.reload()
    expect_filled(laptop, belief="70", why="typed on a phone")
