"""The ultimatum game that ships: what offers and thresholds come to, by hand, from the link to the payments."""

from __future__ import annotations

import asyncio

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

FILES = read_folder(PROJECT / "studies" / "ultimatum")
DIVIDES = "The one who divides"


@pytest.mark.parametrize(
    ("offers", "leasts", "got"),
    [
        ({1: 4, 2: 4}, {1: 4, 2: 4}, [4, 6]),
        ({1: 3, 2: 3}, {1: 4, 2: 4}, [0, 0]),
        ({1: 0, 2: 0}, {1: 0, 2: 0}, [0, 10]),
        ({1: 10, 2: 10}, {1: 10, 2: 10}, [0, 10]),
        ({1: 5, 2: 5}, {}, [0, 0]),
        ({}, {1: 0, 2: 0}, [0, 10]),
    ],
    ids=[
        "as much as asked for",
        "too little",
        "nothing is enough",
        "all",
        "no answer refuses",
        "no offer is none",
    ],
)
def test_an_offer_is_accepted_from_the_threshold_on(
    offers: dict[int, int], leasts: dict[int, int], got: list[int]
) -> None:
    said = [Said("decide", 1, slot, "offer", one) for slot, one in offers.items()]
    said += [Said("decide", 1, slot, "least", one) for slot, one in leasts.items()]
    seats = (Seat(1, "", "any"), Seat(2, "", "any"))
    room = Room("pair-1", "pair", 1, 7, "decide", 1, 1, seats, all_said=tuple(said))

    found = call_hook(parse(FILES), "divide", room)
    assert sorted(found["got"].values()) == got
    assert sorted(found["part"].values()) == ["The one who accepts or refuses", DIVIDES]


def test_both_decide_for_both_roles_and_are_paid_for_the_one_they_got(shared: House, server: Server) -> None:
    toml = FILES["study.toml"].decode().replace('"45s"', '"1s"', 1)
    study = parse(FILES | {"study.toml": toml.encode()})
    session = shared.open_study(study, {"x": 2})

    async def story() -> None:
        pair = await at_the_table(shared, server, session, {"age": "30"})
        for guest in pair.values():
            await guest.answer({"clear": "yes"})
        for slot, offer, least in ((1, 4, 3), (2, 2, 3)):
            await pair[slot].shows('name="least"')
            await pair[slot].answer({"offer": str(offer), "least": str(least)})
        for guest in pair.values():
            await guest.shows("ULTIMATUM-DONE")
        tables = await tables_of(shared, session.id, "results", "payments", "records")
        [first] = [int(one["slot"]) for one in tables["results"] if one["value"] == DIVIDES]
        # The first offers 4 where 3 are enough, the second 2: 30 cents a point, on top of 1.00.
        totals = sorted(row["total"] for row in tables["payments"])
        assert totals == (["2.20", "2.80"] if first == 1 else ["1.00", "1.00"])
        said = [(one["field"], one["value"]) for one in tables["records"] if one["step"] == "decide"]
        assert sorted(said) == [("least", "3"), ("least", "3"), ("offer", "2"), ("offer", "4")]

    shared.tell(story())
    verdict = asyncio.run(verify(shared.database, session.id, study))
    assert verdict.ok, str(verdict)
    assert not shared.contradictions(session)
    assert unlike_joins(shared, session.id, study) == []
