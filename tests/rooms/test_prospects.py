"""Stories of what a page says of how long it takes: from how people come, and nothing where nobody can tell."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.rooms.prospects import minutes_ahead
from app.study.reading import parse
from tests.house.crowd import age, come
from tests.house.guests import sign_everyone_in
from tests.house.house import House
from tests.house.server import Server
from tests.house.studies import STEP, as_files
from tests.house.waits import until

MIXED = f"""
title = "Mixed"
[[room]]
name = "mixed"
seats = {{red = 1, blue = 1}}
[[room]]
name = "plain"
seats = {{any = 2}}
after = "4m"
[lobby]
max_wait = "6m"
{STEP}"""


@pytest.mark.parametrize(
    ("waiting", "a_minute", "expected"),
    [
        ({"red": 1}, {"blue": 2}, {"red": 1}),
        ({"red": 3}, {"blue": 1}, {"red": 3}),
        ({"red": 3, "blue": 1}, {"blue": 1}, {"red": 2, "blue": 1}),
        ({"red": 2}, {"red": 9}, {"red": 4}),  # by the fallback, to which those who wait have come just now
        ({"red": 1}, {"red": 0.1}, {}),
        ({"red": 1}, {}, {}),
        ({}, {"red": 5}, {}),
    ],
)
def test_it_is_what_the_seating_would_do_if_as_many_went_on_coming(
    waiting: dict[str, int], a_minute: dict[str, float], expected: dict[str, int]
) -> None:
    study = parse(as_files(MIXED))
    pace = {type_: people / 60 for type_, people in a_minute.items()}
    assert minutes_ahead(study, waiting, {}, pace) == expected
    by_hook = replace(study, lobby=replace(study.lobby, seat_hook="choose"))
    assert minutes_ahead(by_hook, waiting, {}, pace) == {}, "nobody knows what a hook does"


def test_a_page_says_it_while_people_come_and_takes_it_back_when_none_does(
    shared: House, server: Server
) -> None:
    session = shared.open(MIXED, {"red": 5, "blue": 3})
    shared.sql("update session set started_at = now() - interval '1m' where id = %s", session.id)
    come(shared, session, "B1", "B2", "B3", "R1", "R2", "R3")
    guest = shared.guest(server, session, "R4")

    async def story() -> None:
        await sign_everyone_in([guest])
        assert "As people are coming now, you start in about a minute." in await guest.page()

        # Nobody comes any more: who came did so long ago.
        age(shared, session, 170, *session.tokens)

        async def taken_back() -> bool:
            return "As people are coming now" not in await guest.page()

        await until(taken_back, "a page that promises nothing", 30)

    shared.tell(story())
