"""Solo steps: each goes through them at their own pace, before the lobby and after the room, and waits for nobody."""

from __future__ import annotations

import asyncio

from app.export.verify import verify
from app.replay.check import check as replay_check
from app.study.reading import parse
from tests.house.guests import Guest
from tests.house.house import House, Opened
from tests.house.server import Server

STUDY = """
title = "Two hats"
[entry]
fields = [{name = "age", ask = "Your age", kind = "integer", min = 18, max = 99}]
[[before]]
page = "consent"
fields = [{name = "agree", ask = "I want to take part.", kind = "tick"}]
decline = "declined"
[[before]]
page = "read"
[[before]]
page = "quiz"
attempts = 2
then = "failed_check"
[[before.fields]]
name = "size"
ask = "How many are in a group?"
kind = "choice"
options = ["2", "4"]
correct = "2"
hint = "Two hats."
[[room]]
name = "pair"
seats = {any = 2}
[lobby]
max_wait = "1m"
[[step]]
page = "talk"
limit = "1h"
fields = [{name = "belief", ask = "How sure?", kind = "integer", min = 0, max = 100}]
[dropout]
then = ["end_room"]
[[after]]
page = "about"
also = ["partner_left"]
fields = [{name = "mood", ask = "How was it?", kind = "integer", min = 1, max = 7}]
[[after]]
page = "bye"
show = [{field = "belief", of = "me"}]
fields = [{name = "why", ask = "Why?", kind = "text", required = false}]
[finish]
codes = {complete = "DONE", partner_left = "ALONE", declined = "NO", failed_check = "WRONG"}
"""
PAGES = ("consent", "read", "quiz", "talk", "about", "bye")
PAGE = b'{% extends "player/_step_opened.html" %}'


def files(toml: str = STUDY) -> dict[str, bytes]:
    return {"study.toml": toml.encode()} | {f"pages/{name}.html": PAGE for name in PAGES}


def opened(house: House, people: int, toml: str = STUDY) -> Opened:
    return house.open_files(files(toml), {"red": people})


async def through_before(guest: Guest) -> None:
    await guest.sign_in({"age": "30"})
    await guest.shows("I want to take part.")
    await guest.answer({"agree": "yes"})
    await guest.shows("page 2 of 3")
    await guest.answer({})
    await guest.shows("How many are in a group?")
    await guest.answer({"size": "2"})


def statuses(house: House, session: Opened) -> dict[str, tuple[str, str | None, str | None]]:
    found = house.sql(
        "select label, status::text, outcome, code from player where session_id = %s", session.id
    )
    return {label: tuple(rest) for label, *rest in found}


def holds(house: House, session: Opened) -> None:
    assert house.contradictions(session) == []
    assert house.read(lambda conn: replay_check(conn, session.id)).differences == []
    verdict = asyncio.run(verify(house.database, session.id, parse(files())))
    assert verdict.ok, str(verdict)


def test_everybody_goes_through_what_comes_before_and_after_alone(shared: House, server: Server) -> None:
    session = opened(shared, 4)
    ann, ben, cat, dan = (shared.guest(server, session, label) for label in ("R1", "R2", "R3", "R4"))

    async def story() -> None:
        await cat.sign_in({"age": "30"})
        await cat.shows("I want to take part.")
        form = await cat.form("/play/leave")
        await cat.browser.post(
            "/play/leave", {**form, "form_key": (await cat.form())["form_key"], "decline": "yes"}
        )
        await cat.shows("NO")

        await dan.sign_in({"age": "30"})
        await dan.answer({"agree": "yes"})
        await dan.shows("page 2 of 3")
        await dan.answer({})
        await dan.shows("How many are in a group?")
        await dan.answer({"size": "4"})
        assert "last attempt" in await dan.shows("That is not right. Two hats.")
        await dan.answer({"size": "4"})
        await dan.shows("WRONG")

        await through_before(ann)
        await ann.shows('id="wait"')
        await through_before(ben)
        await ann.shows("How sure?")
        await ann.answer({"belief": "70"})
        await ben.shows("How sure?")
        await ben.answer({"belief": "20"})
        await ann.shows("How was it?")
        await ann.answer({"mood": "7"})
        page = await ann.shows("Why?")
        assert ">70<" in page and ">20<" not in page
        await ann.answer({"why": ""})
        await ann.shows("DONE")
        await ben.shows("How was it?")  # who is slower keeps nobody
        await ben.answer({"mood": "1"})
        await ben.shows("Why?")
        await ben.answer({"why": "So."})
        await ben.shows("DONE")

    shared.tell(story())
    assert statuses(shared, session) == {
        "R1": ("finished", "complete", "DONE"),
        "R2": ("finished", "complete", "DONE"),
        "R3": ("left", "declined", "NO"),
        "R4": ("left", "failed_check", "WRONG"),
    }
    holds(shared, session)
