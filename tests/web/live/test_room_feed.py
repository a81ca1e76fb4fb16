"""Steps that wait, steps at one's own pace, for some only, repeated, in any order: each page once and in order."""

from __future__ import annotations

import asyncio
import os
import random
import re
from collections.abc import Mapping

import pytest

from app.study.model.study import Position, Study
from app.study.reading import parse
from tests.house.guests import Guest, Stream, hidden_fields, seated
from tests.house.house import House, Opened
from tests.house.server import Server
from tests.house.studies import PAGE
from tests.house.waits import until

ORDERS = int(os.environ.get("NETWORKLAB_ORDERS", "8"))
FORM = re.compile(r'<form[^>]*id="form-p(\d+)".*?</form>', re.DOTALL)
HEAD = """
title = "Paces"
[[room]]
name = "pair"
seats = {any = 2}
[[treatment]]
name = "part"
levels = ["first", "second"]
by = "player"
within = "room"
"""
STEP = """
[[step]]
page = "talk"
name = "NAME"
limit = "60s"
MORE
fields = [{name = "NAME_said", ask = "Yes or no?", kind = "yes_no"}]
"""
KINDS = {
    "waits": "",
    "own pace": 'wait_for = "none"',
    "first only": 'only = {part = "first"}',
    "second only": 'only = {part = "second"}',
}


def a_study(chance: random.Random) -> Study:
    """The order of the issue that this was found with comes often: own pace after a step that waits."""
    kinds = [chance.choice(list(KINDS)) for _ in range(chance.randint(1, 3))]
    kinds[chance.randint(0, len(kinds)) :] = ["waits", "own pace", "own pace"]
    steps = [
        STEP.replace("NAME", f"step{nth}").replace(
            "MORE", f"{KINDS[kind]}\nrepeat = {chance.choice([1, 1, 2])}"
        )
        for nth, kind in enumerate(kinds)
    ]
    return parse({"study.toml": (HEAD + "".join(steps)).encode(), "pages/talk.html": PAGE.encode()})


def pages_shown(stream: Stream) -> list[int]:
    """Their numbers in the plan, in the order in which they came; one that is drawn anew counts once."""
    shown: list[int] = []
    for message in stream.raw:
        for number in FORM.findall(message):
            if int(number) != (shown[-1] if shown else None):
                shown.append(int(number))
    return shown


def newest_form(stream: Stream) -> dict[str, str]:
    message = next(one for one in reversed(stream.raw) if FORM.search(one))
    return hidden_fields(message, "/play/records")


async def answer(
    guest: Guest, study: Study, page: int, form: Mapping[str, str], chance: random.Random
) -> None:
    """By htmx, by a form without scripts that lands on the next page, or twice, as a second tab may."""
    said = {**form, f"{study.plan[page].step.name}_said": "yes"}
    how = chance.choice(["htmx", "form", "twice"])
    headers = {"HX-Request": "true"} if how == "htmx" else {"Accept": "text/html"}
    for _ in range(2 if how == "twice" else 1):
        reply = await guest.browser.post("/play/records", said, headers)
        assert reply.status in (200, 303), (reply.status, reply.text[-800:])
        assert "receipt" in reply.headers


async def goes_through(guest: Guest, study: Study, expected: list[Position], seed: str) -> None:
    """Everything that the live page alone brings to this player; nothing is ever reloaded."""
    chance = random.Random(seed)
    async with guest.watching() as stream:
        for nth, position in enumerate(expected, 1):
            await stream.until(
                lambda _, nth=nth: len(pages_shown(stream)) >= nth,  # type: ignore[misc]
                f"page {position.index} of {[one.index for one in expected]}",
            )
            assert pages_shown(stream) == [one.index for one in expected[:nth]]
            await answer(guest, study, position.index, newest_form(stream), chance)
        await stream.until(lambda text: "COMPLETE" in text, "the code")
        assert pages_shown(stream) == [one.index for one in expected]


@pytest.mark.parametrize("seed", range(ORDERS))
def test_each_player_sees_each_page_that_they_are_asked_once_and_in_order(
    shared: House, server: Server, seed: int
) -> None:
    house, study = shared, a_study(random.Random(seed))
    session = house.open_study(study, {"any": 2})

    async def story() -> None:
        guests = [house.guest(server, session, label) for label in session.tokens]
        await asyncio.gather(*(guest.sign_in() for guest in guests))
        await until(lambda: len(treatments(house, session)) == 2, "both are seated")
        parts = treatments(house, session)
        async with asyncio.timeout(60):
            await asyncio.gather(
                *(
                    goes_through(guest, study, asked_of(study, parts[guest.label]), f"{seed} {guest.label}")
                    for guest in guests
                )
            )

    house.tell(story())
    said = house.sql(
        "select p.label, r.step, r.round, r.late from record r join player p on p.id = r.player_id"
        " where r.session_id = %s order by 1, r.id",
        session.id,
    )
    parts = treatments(house, session)
    assert said == [
        (label, one.step.name, one.round, False)
        for label in sorted(parts)
        for one in asked_of(study, parts[label])
    ]
    assert not house.contradictions(session)


def treatments(house: House, session: Opened) -> dict[str, Mapping[str, str]]:
    return dict(
        house.sql(
            "select label, treatment from player where session_id = %s and room_id is not null", session.id
        )
    )


def asked_of(study: Study, treatment: Mapping[str, str]) -> list[Position]:
    return [one for one in study.plan if one.step.is_for(treatment)]


UNSEEN = HEAD + "".join(
    STEP.replace("NAME", name).replace("MORE", more)
    for name, more in [
        ("one", ""),
        ("two", 'wait_for = "none"'),
        ("three", 'wait_for = "none"\non_timeout = "default:no"'),
        ("four", ""),
    ]
)


def test_pages_that_somebody_had_not_come_to_at_the_deadline_are_filled_in_as_others_are(
    shared: House, server: Server
) -> None:
    house = shared
    study = parse({"study.toml": UNSEEN.encode(), "pages/talk.html": PAGE.encode()})
    session = house.open_study(study, {"any": 2})

    async def story() -> None:
        quick, slow = (house.guest(server, session, label) for label in session.tokens)
        for guest in (quick, slow):
            await guest.sign_in()
        await seated(quick)
        async with quick.watching() as fast, slow.watching() as lazy:
            for guest, stream in ((quick, fast), (slow, lazy)):
                await answer(guest, study, 0, newest_form(stream), random.Random(1))
            for index, stream in ((1, fast), (1, lazy), (2, fast)):
                await stream.until(
                    lambda _, s=stream, i=index: i in pages_shown(s),  # type: ignore[misc]
                    f"page {index}",
                )
                if stream is fast:
                    await answer(quick, study, index, newest_form(fast), random.Random(1))
            [(room_id,)] = house.sql("select id from room where session_id = %s", session.id)
            house.sql("update room set deadline = now() where id = %s", room_id)
            for guest, stream in ((quick, fast), (slow, lazy)):
                await stream.until(
                    lambda _, s=stream: 3 in pages_shown(s),  # type: ignore[misc]
                    "the step after",
                )
                await answer(guest, study, 3, newest_form(stream), random.Random(1))
            assert pages_shown(lazy) == [0, 1, 3]

    house.tell(story())
    filled = house.sql(
        "select step, name, value, made_by from result where room_id in"
        " (select id from room where session_id = %s)",
        session.id,
    )
    assert filled == [("three", "three_said", "no", "default")]
