"""Stories of the public goods game that ships: its pay-offs by hand, and a session from the link to the CSV."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.config import PROJECT
from app.export.verify import verify
from app.rehearsal.bots import Bot
from app.rehearsal.habits import Habits
from app.study.hooks.networklab import Room, Said, Seat
from app.study.reading import parse, read_folder
from tests.house.files import tables_of
from tests.house.hooks import call_hook
from tests.house.house import House
from tests.house.notebooks import run_notebook
from tests.house.rounds import unlike_joins
from tests.house.server import Server

FILES = read_folder(PROJECT / "studies" / "commons")
CONSTANTS = parse(FILES).constants
COST = {
    0: 0,
    1: 1,
    2: 2,
    3: 4,
    4: 6,
    5: 9,
    6: 12,
    7: 16,
    8: 20,
    9: 25,
    10: 30,
}  # Fehr & Gächter 2000, table 2


def ask(hook: str, *given: Any) -> Any:
    return call_hook(parse(FILES), hook, *given)


def room(
    contributions: Mapping[int, int], points: Mapping[tuple[int, int], int] = {}, round_: int = 1
) -> Room:
    """Four slots; `points` by giver and receiver, put where the giver sees the receiver."""
    seats = tuple(Seat(slot, "", "any") for slot in range(1, 5))
    here = Room("group-1", "group", 1, 7, "points", round_, 10, seats, constants=CONSTANTS)
    said = [
        Said("contribute", round_, slot, "contribution", amount) for slot, amount in contributions.items()
    ]
    for (giver, receiver), amount in points.items():
        name = ("first", "second", "third")[others(here, giver).index(receiver)]
        said.append(Said("points", round_, giver, name, amount))
    return replace(here, all_said=tuple(said))


def others(here: Room, slot: int) -> list[int]:
    found = [other for other in here.slots if other != slot]
    here.dice(f"others of {slot}").shuffle(found)
    return found


def test_a_round_without_points_by_hand() -> None:
    # 45 in the project bring 18 to each.
    assert ask("income", room({1: 20, 2: 10, 3: 0, 4: 15})) == {1: 18, 2: 28, 3: 38, 4: 23}
    assert ask("income", room({1: 1}))[2] == Decimal("20.4")  # who has left gives nothing


def test_a_round_with_points_by_hand() -> None:
    # Slot 3, which gave nothing, gets 3 + 2 + 6 = 11 points: all of its 38 are lost, and no more. It takes its
    # revenge on slot 1 with 10, for 30. Slot 4 gets one point: a tenth of 23.
    given = {(1, 3): 3, (2, 3): 2, (4, 3): 6, (3, 1): 10, (2, 4): 1}
    found = ask("punish", room({1: 20, 2: 10, 3: 0, 4: 15}, given))
    assert found["received"] == {1: 10, 2: 0, 3: 11, 4: 1}
    assert found["net_income"] == {1: 0 - 4, 2: 28 - 2 - 1, 3: 0 - 30, 4: Decimal("20.7") - 12}


def test_everybody_sees_the_others_in_an_order_that_says_nothing_of_who_they_are() -> None:
    gave = {1: 20, 2: 10, 3: 0, 4: 5}
    for round_ in (1, 2):
        seen = ask("others_gave", room(gave, round_=round_))
        assert seen == {
            slot: " · ".join(str(gave[other]) for other in others(room(gave, round_=round_), slot))
            for slot in gave
        }
    assert len({tuple(others(room({}, round_=round_), 2)) for round_ in range(1, 11)}) > 2


def test_it_runs_from_the_link_to_the_payments(shared: House, server: Server, tmp_path: Path) -> None:
    study = parse(FILES | {"study.toml": FILES["study.toml"].replace(b"rounds    = 10", b"rounds = 2")})
    session = shared.open_study(study, {"x": 8})
    tables: dict[str, list[dict[str, str]]] = {}

    async def story() -> None:
        bots = [
            Bot(server.base, token, study, Habits(think=(0.05, 0.1), talk=0), label)
            for label, token in session.tokens.items()
        ]
        async with asyncio.timeout(100):
            await asyncio.gather(*(bot.play() for bot in bots))
        tables.update(
            await tables_of(
                shared, session.id, "players", "rooms", "records", "results", "ledger", "payments"
            )
        )

    shared.tell(story())
    assert {player["code"] for player in tables["players"]} == {"COMMONS-DONE"}
    steps = {(row["room"], row["step"]) for row in tables["records"]}
    orders = {row["room"]: row["treatment_order"] for row in tables["rooms"]}
    assert sorted(orders.values()) == ["with_first", "without_first"]
    for group, order in orders.items():
        assert ((group, "without") in steps, (group, "without_again") in steps) == (
            order == "without_first",
            order == "with_first",
        )
    scored = [row for row in tables["ledger"] if row["points"]]
    assert len(scored) == 8 * 4  # two rounds with points and two without, for each
    for row in scored:
        assert Decimal(row["points"]) == by_the_paper(tables, row), row
        assert Decimal(row["amount"]) == Decimal(row["points"]) * Decimal("0.015")
    assert len(tables["payments"]) == 8
    verdict = asyncio.run(verify(shared.database, session.id, study))
    assert verdict.ok, str(verdict)
    assert not shared.contradictions(session)
    assert unlike_joins(shared, session.id, study) == []

    printed = run_notebook("commons", shared.database, session.id, study, tmp_path)
    numbers = {float(word) for word in printed.split() if word.replace(".", "").replace("-", "").isdecimal()}
    for with_points in (True, False):
        for nth in ("1", "2"):
            given = [
                int(row["value"])
                for row in tables["records"]
                if row["field"] == "contribution"
                and row["round"] == nth
                and (row["step"] == "contribute") == with_points
            ]
            assert len(given) == 8 and round(sum(given) / 8, 2) in numbers, (given, printed)


def by_the_paper(tables: Mapping[str, list[dict[str, str]]], row: Mapping[str, str]) -> Decimal:
    """What somebody earned in one round, from what the files say that everybody did."""
    slots = {player["player"]: int(player["slot"]) for player in tables["players"]}
    me, here = slots[row["player"]], (row["room"], row["round"])
    contribute = "contribute" if row["step"] == "points" else row["step"]
    said = [one for one in tables["records"] if (one["room"], one["round"]) == here]
    given = {slots[one["player"]]: int(one["value"]) for one in said if one["step"] == contribute}
    assert len(given) == 4
    income = 20 - given[me] + Decimal("0.4") * sum(given.values())
    if row["step"] != "points":
        return income
    computed = [one for one in tables["results"] if (one["room"], one["round"]) == here]
    order = {int(one["slot"]): one["value"].split() for one in computed if one["name"] == "order"}
    points = {
        (giver, int(order[giver]["first second third".split().index(one["field"])])): int(one["value"])
        for one in said
        if one["step"] == "points" and (giver := slots[one["player"]])
    }
    received = sum(amount for (_, receiver), amount in points.items() if receiver == me)
    cost = sum(COST[amount] for (giver, _), amount in points.items() if giver == me)
    return income * (1 - Decimal(min(received, 10)) / 10) - cost
