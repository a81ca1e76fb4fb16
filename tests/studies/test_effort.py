"""The real effort that ships: what sums bring, by hand, from the link to the payments."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from decimal import Decimal

import pytest

from app.config import PROJECT
from app.export.verify import verify
from app.study.hooks.networklab import Room, Said, Seat
from app.study.reading import parse, read_folder
from tests.house.files import Tables, tables_of
from tests.house.guests import Guest
from tests.house.hooks import call_hook
from tests.house.house import House
from tests.house.rounds import unlike_joins
from tests.house.server import Server
from tests.house.table import at_the_table

FILES = read_folder(PROJECT / "studies" / "effort")
ITEM = re.compile(r"\d\d(?: \+ \d\d){4}")
COMPETE = (1, 2)  # in the third task
# Slot → in each of the three tasks, of three sums, how many are answered, and how many of these right, the first ones.
WORK = {
    1: ((3, 3), (3, 1), (3, 3)),
    2: ((3, 2), (3, 2), (3, 0)),
    3: ((1, 1), (2, 1), (3, 2)),
    4: ((2, 0), (1, 1), (3, 3)),
}
# What each task brings if it is the one that is paid: 50 cents for each right one; 2 euros for each to whoever
# has the most; in the third 1 wins (3 are more than 2, 1 and 1), 2 does not, and the others have 50 cents for each.
BRINGS = {
    1: {1: "1.50", 2: "1.00", 3: "0.50", 4: "0.00"},
    2: {1: "0.00", 2: "4.00", 3: "0.00", 4: "0.00"},
    3: {1: "6.00", 2: "0.00", 3: "1.00", 4: "1.50"},
}


async def adds_up(guest: Guest, sums: int, right: int) -> None:
    """So many sums, the first ones right. After each the page says whether it was, and how many were."""
    made, shown = "", ""
    for nth in range(sums):
        page = await guest.shows('name="answer"')
        found = ITEM.search(page)
        assert found and found[0] != shown, "each sum is another one"
        assert "neighbours have answered" not in page, "nobody hears how far the others are"
        assert ("The one before" in page) == ("Right so far" in page) == (nth > 0), page
        if nth:
            told = "right" if nth <= right else f"wrong, it made {made}"
            assert re.search(
                rf"The one before.*?>{told}<.*?Right so far.*?>{min(nth, right)}<", page, re.DOTALL
            ), page
        shown = found[0]
        made = str(sum(map(int, shown.split(" + "))))
        await guest.answer({"answer": made if nth < right else "7"})


def made(seed: int, task: str, nth: int) -> int:
    """By hand, from the room's seed: five numbers of two digits."""
    dice = random.Random(f"{seed}/{task}/{nth}")
    return sum(dice.randint(10, 99) for _ in range(5))


def test_one_task_is_paid_and_a_tournament_is_won_by_one() -> None:
    seats = tuple(Seat(slot, "", "any") for slot in WORK)
    constants = {"many": 5, "piece": Decimal("0.50"), "prize": Decimal("2.00")}
    tasks, found = ("piece_rate", "tournament", "chosen"), {}
    for seed in range(9):
        said = [
            Said(step, nth, slot, "answer", made(seed, step, nth) + (nth > work[task][1]))
            for task, step in enumerate(tasks)
            for slot, work in WORK.items()
            for nth in range(1, work[task][0] + 1)
        ]
        said += [Said("choose", 1, slot, "way", "As a tournament") for slot in COMPETE]
        room = Room(
            "group-1", "group", 1, seed, "rank", 1, 1, seats, all_said=tuple(said), constants=constants
        )
        settled = call_hook(parse(FILES), "settle", room)
        assert [settled[task] for task in tasks] == [
            {slot: work[task][1] for slot, work in WORK.items()} for task in range(3)
        ]
        found[settled["paid"]] = {slot: f"{amount:.2f}" for slot, amount in settled["earned"].items()}
    assert found == BRINGS


@pytest.mark.slow
def test_each_adds_up_at_their_own_pace_and_is_paid_for_the_task_that_chance_says(
    shared: House, server: Server
) -> None:
    toml = FILES["study.toml"].decode().replace("repeat   = 60", "repeat   = 3").replace('"5m"', '"1h"')
    study = parse(FILES | {"study.toml": toml.encode()})
    session = shared.open_study(study, {"x": 4})

    async def story() -> Tables:
        four = await at_the_table(shared, server, session, {"age": "30"})
        for task, (first, then) in enumerate((("clear", "clear"), ("clear", "way"), ("way", "rank"))):
            for slot, guest in four.items():
                way = "As a tournament" if slot in COMPETE else "For each right sum"
                await guest.shows(f'name="{first}"')
                await guest.answer({"clear": "yes"} if first == "clear" else {"way": way})
            await asyncio.gather(*(adds_up(guest, *WORK[slot][task]) for slot, guest in four.items()))
            if any(
                done[task][0] < 3 for done in WORK.values()
            ):  # else all are through, and it goes on by itself
                shared.sql("update room set deadline = clock_timestamp() where session_id = %s", session.id)
            for guest in four.values():
                await guest.shows(f'name="{then}"')
        for guest in four.values():
            await guest.answer({"rank": "1"})
        for guest in four.values():
            await guest.shows("I have read it")
            await guest.answer({})
        for guest in four.values():
            await guest.shows("EFFORT-DONE")
        return await tables_of(shared, session.id, "players", "records", "results", "payments")

    tables = shared.tell(story())
    slots = {row["player"]: int(row["slot"]) for row in tables["players"]}
    [paid] = {int(row["value"]) for row in tables["results"] if row["name"] == "paid"}
    earned = {slots[row["player"]]: Decimal(row["earned"]) for row in tables["payments"]}
    assert earned == {slot: Decimal(amount) for slot, amount in BRINGS[paid].items()}, paid
    for task, step in enumerate(("piece_rate", "tournament", "chosen")):
        answers = Counter(row["player"] for row in tables["records"] if row["step"] == step)
        right = Counter(
            (row["player"], row["value"])
            for row in tables["results"]
            if (row["step"], row["name"]) == (step, "right")
        )
        for player, slot in slots.items():
            assert (answers[player], right[player, "yes"]) == WORK[slot][task]
    verdict = asyncio.run(verify(shared.database, session.id, study))
    assert verdict.ok, str(verdict)
    assert not shared.contradictions(session)
    assert unlike_joins(shared, session.id, study) == []
