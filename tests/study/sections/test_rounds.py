"""Pages at one's own pace within a time that they have in common: as many as one can."""

from __future__ import annotations

import asyncio

from app.export.verify import verify
from app.rehearsal.trial import try_study
from app.rooms.rooms import row_at
from app.study.estimate import estimate_of
from app.study.reading import check, parse
from tests.house.house import House
from tests.house.pages import shown
from tests.house.server import Server
from tests.house.studies import as_files, changed
from tests.house.table import at_the_table

SUMS = """
title = "Sums"
[[room]]
name = "pair"
seats = {any = 2}
[[step]]
page = "talk"
name = "rules"
limit = "10m"
button = "Begin"
[[step]]
page = "talk"
name = "sum"
repeat = 60
wait_for = "none"
within = "4s"
fields = [{name = "answer", ask = "What is it?", kind = "integer"}]
show = [{hook = "item", ask = "Add up"}, {hook = "solution", ask = "The one before made"}]
score = "points"
[[step]]
page = "talk"
name = "sure"
wait_for = "none"
fields = [{name = "sure", ask = "Sure?", kind = "yes_no"}]
[[step]]
page = "talk"
name = "thanks"
limit = "10m"
"""
HOOKS = """
import random

from networklab import Room


def numbers(room: Room, round: int) -> tuple[int, int]:
    dice = random.Random(f"{room.seed}/{round}")
    return dice.randint(10, 99), dice.randint(10, 99)


def item(room: Room) -> dict[int, str]:
    one, other = numbers(room, room.round)
    return {slot: f"{one} + {other}" for slot in room.slots}


def solution(room: Room) -> dict[int, str]:
    return {slot: str(sum(numbers(room, room.round - 1))) for slot in room.slots} if room.round > 1 else {}


def points(room: Room) -> dict[int, int]:
    right = sum(numbers(room, room.round))
    return {slot: int(answer == right) for slot, answer in room.said("answer").items()}
"""


def test_as_many_as_one_can_within_a_common_time(shared: House, server: Server) -> None:
    study = parse(as_files(SUMS, HOOKS))
    session = shared.open_study(study, {"x": 2})

    async def story() -> None:
        table = await at_the_table(shared, server, session)
        for guest in table.values():
            await guest.answer({})
        one = shown(await table[1].shows("round 1 of 60"))
        first, second = map(int, one.removeprefix("Add up ").split(" The one")[0].split(" + "))
        await table[1].answer({"answer": str(first + second)})
        two = shown(await table[1].shows("round 2 of 60"))
        assert f"The one before made {first + second}" in two
        await table[1].answer({"answer": "1"})
        await table[1].shows("round 3 of 60")
        await table[2].shows("round 1 of 60")
        for guest in table.values():  # the time is up for both
            page = await guest.shows("It goes on when the time is up.")
            assert "round" not in page.split('id="step"')[0].split('id="where"')[1]

    shared.tell(story())
    earned = shared.sql("select amount from earning where session_id = %s and amount <> 0", session.id)
    assert [int(points) for (points,) in earned] == [1]
    assert asyncio.run(verify(shared.database, session.id, study)).ok


def test_the_pages_together_come_to_their_common_time() -> None:
    files = as_files(SUMS, HOOKS)
    assert check(files) == [] == asyncio.run(try_study(parse(files)))
    study = parse(files)
    here = row_at(study, 1)
    assert round(float(str(here["secs"])), 6) == 4 and here["last_step"] == "sure"
    assert round(estimate_of(study, 10, 60.0).longest, 6) == 4 + 20 * 60
    plain = changed(SUMS, 'within = "4s"', 'limit = "4s"')
    assert any("`limit` is missing" in str(one) for one in check(as_files(plain, HOOKS)))
