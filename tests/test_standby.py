"""Who comes when all rooms are full waits on standby: paid, told so, and next in line for a place that becomes free."""

from __future__ import annotations

from typing import Any

import pytest

from app import lobby
from app.db import Connection
from app.players import Arrival, sign_in
from app.replay_check import check as replay_check
from app.study import StudyError, check, parse
from tests.house import PAGE, House, Opened, Server, seated, until

STUDY = """
title = "Full house"
[[room]]
name = "pair"
seats = {any = 2}
count = 1
[lobby]
max_wait = "10m"
pay_per_minute = 0.15
[standby]
places = 2
until = "5m"
[dropout]
silent = "60s"
then = ["nudge", "standby", "smaller"]
[pay]
outcomes = {standby = 0.50}
[[step]]
page = "talk"
limit = "5m"
fields = [{name = "belief", ask = "How sure?", kind = "integer"}]
"""


def study(toml: str = STUDY) -> dict[str, bytes]:
    return {"study.toml": toml.encode(), "pages/talk.html": PAGE.encode()}


def people(house: House, session: Opened) -> dict[str, tuple[Any, ...]]:
    """Label → status, outcome, and whether they stand by."""
    found = house.sql(
        "select label, status::text, outcome, standby_until is not null from player where session_id = %s",
        session.id,
    )
    return {label: tuple(rest) for label, *rest in found}


def look(house: House, session: Opened) -> None:
    """What the conductor does when the lobby is due."""

    async def work(conn: Connection) -> None:
        await lobby.seat(conn, session.id, parse(study()))

    house.do(work)


def test_a_standby_that_never_happens_is_told_before() -> None:
    assert check(study()) == []
    with pytest.raises(StudyError, match="`places` is missing"):
        parse(study(STUDY.replace("places = 2\n", "")))
    for old, new, sentence in (
        ("count = 1\n", "", "Room `pair` has no `count`"),
        ('"nudge", "standby", "smaller"', '"nudge", "smaller"', "Nobody takes a place that becomes free"),
        ("pay_per_minute = 0.15\n", "", "Whoever stands by is not paid for the time."),
    ):
        assert old in STUDY
        [note] = check(study(STUDY.replace(old, new)))
        assert sentence in note.sentence and not note.grave


def test_who_stands_by_is_told_so_takes_the_place_of_who_leaves_and_is_paid_when_nobody_needs_them(
    shared: House, server: Server
) -> None:
    house, session = shared, shared.open_files(study(), {"any": 5})
    guests = [house.guest(server, session, label) for label in session.tokens]
    first, second, third, fourth, fifth = guests

    async def story() -> None:
        for guest in guests:
            await guest.sign_in()
        await seated(first)
        await until(lambda: people(house, session)[fourth.label][2], "two on standby")
        assert people(house, session) == {
            first.label: ("playing", None, False),
            second.label: ("playing", None, False),
            third.label: ("waiting", None, True),
            fourth.label: ("waiting", None, True),
            fifth.label: ("waiting", None, False),  # there are two places
        }
        assert "You are on standby." not in await fifth.page()
        page = await third.page()
        assert "You are on standby." in page and "Your waiting is paid" in page and "You’re in." not in page
        async with fourth.watching() as stream:
            assert "You are on standby." in stream.text
            async with third.watching() as next_one:
                await first.browser.post("/play/leave", {})
                await next_one.until(lambda text: "How sure?" in text, "the place that became free")
        assert people(house, session)[third.label] == ("playing", None, False)
        house.sql("update room set deadline = now() where session_id = %s", session.id)
        await until(lambda: people(house, session)[third.label][0] == "finished", "the end of the room")

        def nobody_needs_them() -> bool:
            house.sql("update lobby set due_at = now() where session_id = %s", session.id)
            return people(house, session)[fourth.label][:2] == ("left", "standby")

        await until(nobody_needs_them, "the end of standing by")
        page = await fourth.page()
        assert "Thank you for standing by." in page and "STANDBY" in page and "0.5" in page
        assert "It stands for the time you waited, which is paid." in page

    house.tell(story())
    assert house.contradictions(session) == []
    assert house.read(lambda conn: replay_check(conn, session.id)).differences == []


def test_nobody_stands_by_for_longer_than_the_study_says_and_a_pause_does_not_count(house: House) -> None:
    session = house.open_files(study(), {"any": 4})

    async def come(conn: Connection) -> None:
        await sign_in(conn, [Arrival(token, {}) for token in session.tokens.values()])

    house.do(come)
    look(house, session)
    standing = [label for label, (_, _, stands_by) in people(house, session).items() if stands_by]
    assert len(standing) == 2
    [(before,)] = house.sql("select min(standby_until) from player")
    house.act("pause", session)
    house.act("resume", session)
    [(after,)] = house.sql("select min(standby_until) from player")
    assert after > before and house.read(lambda conn: replay_check(conn, session.id)).differences == []

    house.sql("update player set standby_until = now() where label = %s", standing[0])
    look(house, session)

    assert people(house, session)[standing[0]][:2] == ("left", "standby")
    assert people(house, session)[standing[1]][0] == "waiting"
    house.act("close", session)
    look(house, session)
    assert people(house, session)[standing[1]][:2] == ("left", "standby")
