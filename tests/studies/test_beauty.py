"""Two thirds of the mean, that ships: who wins, by hand, and four rounds from the link to the payments."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from app.config import PROJECT
from app.export.verify import verify
from app.study.hooks.networklab import Room, Said, Seat
from app.study.reading import parse, read_folder
from tests.house.files import tables_of
from tests.house.hooks import call_hook
from tests.house.house import House
from tests.house.rounds import unlike_joins
from tests.house.server import Server
from tests.house.table import at_the_table

FILES = read_folder(PROJECT / "studies" / "beauty")


@pytest.mark.parametrize(
    ("guesses", "mean", "target", "won"),
    [
        (["10", "20", "30", "40"], "25.00", "16.67", ["0", "10.00", "0", "0"]),
        (["0", "0", "0", "0"], "0.00", "0.00", ["2.50"] * 4),
        (["0", "0", "0", "100"], "25.00", "16.67", ["3.33", "3.33", "3.33", "0"]),
        (["30", "10", "", ""], "20.00", "13.33", ["0", "10.00", "0", "0"]),
        (["50", "", "", ""], "50.00", "33.33", ["10.00", "0", "0", "0"]),
    ],
)
def test_whoever_is_nearest_wins_and_those_who_are_equally_near_share(
    guesses: list[str], mean: str, target: str, won: list[str]
) -> None:
    said = [Said("guess", 1, slot, "guess", Decimal(one)) for slot, one in enumerate(guesses, 1) if one]
    seats = tuple(Seat(slot, "", "any") for slot in range(1, 5))
    room = Room("few-1", "few", 1, 7, "guess", 1, 4, seats, all_said=tuple(said))

    found = call_hook(parse(FILES), "nearest", room)
    assert found["mean"] == dict.fromkeys(range(1, 5), Decimal(mean))
    assert found["target"] == dict.fromkeys(range(1, 5), Decimal(target))
    assert found["won"] == {slot: Decimal(one) for slot, one in enumerate(won, 1)}


def test_four_rounds_pay_whom_they_should(shared: House, server: Server) -> None:
    toml = FILES["study.toml"].decode().replace('after = "2m"', 'after = "0s"').replace('"30s"', '"1s"')
    study = parse(FILES | {"study.toml": toml.encode()})
    session = shared.open_study(study, {"x": 4})
    rounds = [(10, 20, 30, 40), (0, 0, 0, 0), (9, 8, 7, 6), (1, 2, 3, 4)]

    async def story() -> None:
        four = await at_the_table(shared, server, session, {"age": "30"})
        for guest in four.values():
            await guest.answer({"clear": "yes"})
        for nth, guesses in enumerate(rounds, 1):
            for slot, guess in enumerate(guesses, 1):
                await four[slot].shows(f"{nth} of 4")
                await four[slot].answer({"guess": str(guess)})
        for guest in four.values():
            await guest.shows("BEAUTY-DONE")
        tables = await tables_of(shared, session.id, "payments", "players")
        slots = {row["label"]: row["slot"] for row in tables["players"]}
        total = {slots[row["label"]]: row["total"] for row in tables["payments"]}
        # Targets 16.67, 0, 5 and 1.67: slot 2 wins, all share, slot 4, slot 2; on top of 1.50.
        assert total == {"1": "4.00", "2": "24.00", "3": "4.00", "4": "14.00"}

    shared.tell(story())
    verdict = asyncio.run(verify(shared.database, session.id, study))
    assert verdict.ok, str(verdict)
    assert not shared.contradictions(session)
    assert unlike_joins(shared, session.id, study) == []
