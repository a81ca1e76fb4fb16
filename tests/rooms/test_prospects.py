"""Stories of what a page says of how long it takes: from how people come, and nothing where nobody can tell."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rooms.prospects import QueuePlace, minutes_ahead, queue_places
from app.rooms.seating import Waiting, decide
from app.study.model.study import RoomKind
from app.study.reading import parse
from tests.house.crowd import CROWD, KINDS, TYPES, age, come
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


ANY_TWO = f"""
title = "Any two"
[[room]]
name = "two"
seats = {{any = 2}}
{STEP}"""
FIVE = [(1, "red"), (2, "blue"), (3, "red"), (4, "red"), (5, "red")]


@pytest.mark.parametrize(
    ("toml", "queue", "expected"),
    [
        (MIXED, FIVE, {1: (0, True), 3: (1, False), 4: (2, False), 5: (3, False)}),
        (ANY_TWO, FIVE, {1: (0, True), 2: (0, True), 3: (2, False), 4: (3, False), 5: (4, False)}),
        (MIXED, FIVE[:2], {}),  # there is room for all
        (
            MIXED.replace("blue = 1", "any = 2"),
            FIVE,
            {},
        ),  # of any type and of one: the order is not one queue's
        (MIXED.replace("blue = 1}", 'blue = 1}\nafter = "1m"'), FIVE, {}),
        (MIXED.replace('"6m"', '"6m"\nseat = "choose"'), FIVE, {}),
    ],
)
def test_a_place_in_the_queue_is_told_where_who_came_first_is_seated_first(
    toml: str, queue: list[tuple[int, str]], expected: dict[int, tuple[int, bool]]
) -> None:
    files = as_files(toml) | {"hooks.py": b"def choose(lobby):\n    return []\n"}
    found = queue_places(parse(files), queue, {})
    assert {player: (turn.ahead, turn.is_next) for player, turn in found.items()} == expected
    assert not any(turn.about for turn in found.values())


def test_hundreds_are_told_about_how_many_are_before_them_in_a_few_sentences() -> None:
    found = queue_places(parse(as_files(ANY_TWO)), [(nth, "red") for nth in range(700)], {})
    assert found[20] == QueuePlace(20, about=False, is_next=False)
    assert (found[21], found[30], found[31]) == (
        QueuePlace(20, True, False),
        QueuePlace(20, True, False),
        QueuePlace(30, True, False),
    )
    assert len({*found.values()}) < 100


@given(kinds=KINDS, crowd=CROWD, newcomers=st.lists(TYPES, max_size=12))
def test_who_is_next_sits_as_soon_as_a_room_of_that_kind_is_complete(
    kinds: list[RoomKind], crowd: list[Waiting], newcomers: list[str]
) -> None:
    study = replace(parse(as_files(MIXED)), rooms=tuple(kinds))
    is_next = {
        player: next(kind.name for kind in kinds if kind.takes(type_))
        for player, type_ in ((one.player_id, one.type) for one in crowd)
        if (turn := queue_places(study, [(one.player_id, one.type) for one in crowd], {}).get(player))
        and turn.is_next
    }
    later = [Waiting(100 + nth, type_, 0.0) for nth, type_ in enumerate(newcomers)]
    placements = decide(kinds, [*crowd, *later], {})
    opened = {one.kind.name for one in placements}
    seated = {player for one in placements for player, _ in one.seats}
    assert {player for player, kind in is_next.items() if kind in opened} <= seated


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
