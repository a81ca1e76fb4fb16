"""Many answers in few words: sums, and how many gave each answer, from values to what stands on a page."""

from __future__ import annotations

from decimal import Decimal

from app.rooms.summaries import Tally, counted, summed
from app.study.model.fields import Field
from app.study.model.kinds.known import KINDS
from app.study.reading import check, parse
from tests.house.house import House
from tests.house.pages import shown
from tests.house.server import Server
from tests.house.studies import as_files, changed
from tests.house.table import at_the_table

POT = """
title = "Pot"
language = "de"
[[room]]
name = "four"
seats = {any = 4}
[network]
kind = "pairs"
[[step]]
page = "talk"
name = "give"
limit = "10m"
fields = [
    {name = "given", ask = "Wie viel?", kind = "number", min = 0, max = 10},
    {name = "act", ask = "Was?", kind = "choice", options = ["A", "B", "C"]},
]
on_end = "share"
results = [
    {name = "pot", ask = "Im Topf", kind = "number", of = "room"},
    {name = "both", ask = "Beide", kind = "integer", of = "pairs"},
]
[[step]]
page = "talk"
name = "look"
limit = "10m"
button = "Weiter"
show = [
    {field = "given", of = "room", as = "sum"},
    {field = "given", as = "max"},
    {field = "act", of = "room", as = "bars"},
    {field = "act", as = "count"},
    {field = "pot", of = "me"},
    {field = "both", of = "me"},
]
"""
HOOKS = """
from decimal import Decimal
from networklab import Room


def share(room: Room) -> dict[str, Decimal | dict[int | tuple[int, ...], int]]:
    [other] = room.neighbours(1)
    rest = min({2, 3, 4} - {other})
    return {"pot": sum(room.said("given").values()) * 2, "both": {tuple(sorted((1, other))): 12, rest: 34}}
"""


def field(kind: str, **of: object) -> Field:
    return Field("x", "?", KINDS[kind], **of)  # type: ignore[arg-type]


def test_all_see_what_they_gave_together_and_how_many_did_what(shared: House, server: Server) -> None:
    session = shared.open_study(parse(as_files(POT, HOOKS)), {"x": 4})

    async def story() -> None:
        table = await at_the_table(shared, server, session)
        gave = {1: "1.5", 2: "2", 3: "3", 4: "4"}
        for slot, guest in table.items():
            await guest.answer({"given": gave[slot], "act": "C" if slot == 2 else "A"})
        page = await table[2].shows("Weiter")
        told = shown(page)
        assert "Zusammen: 10,5" in told and "A 3 B 0 C (Sie) 1" in told and "Im Topf 21" in told
        partners = dict(
            shared.sql(
                "select distinct from_slot, to_slot from tie join room on room.id = room_id where room.session_id = %s",
                session.id,
            )
        )
        other = partners[2]
        assert (
            f"Am meisten von den anderen: {gave[other].replace('.', ',')}" in told and "A 1 B 0 C 0" in told
        )
        both = {slot: shown(await guest.page()).split("Beide ")[1] for slot, guest in table.items()}
        assert both == {slot: "12" if slot in (1, partners[1]) else "34" for slot in table}
        assert (
            page.count('<rect width="100"') == 1 and '<rect width="33"' in page and '<rect width="0"' in page
        )

    shared.tell(story())
    found = shared.sql(
        "select slot, value from result where session_id = %s and name = 'pot'",
        session.id,
    )
    assert sorted(found) == [(slot, "21") for slot in (1, 2, 3, 4)]


def test_numbers_that_differ_much_are_counted_in_ranges() -> None:
    amount = field("integer", min=Decimal(0), max=Decimal(500))
    few = counted(amount, ["3", "5", "3"])
    assert few == (Tally("3", 2, 100, False), Tally("4", 0, 0, False), Tally("5", 1, 50, False))
    many = counted(amount, [str(one) for one in range(0, 200, 10)], ["35"])
    assert [one.answer for one in many][:3] == ["0–19", "20–39", "40–59"]
    assert {one.count for one in many} == {2} and [one.answer for one in many if one.mine] == ["20–39"]
    scale = counted(field("scale", min=Decimal(1), max=Decimal(3)), ["2"])
    assert [(one.answer, one.count) for one in scale] == [("1", 0), ("2", 1), ("3", 0)]
    price = counted(field("number", point=","), ["-0.5", "1.25"])
    assert [one.answer for one in price] == ["-0,5", "1,25"] and counted(amount, []) == ()


def test_several_answers_of_one_person_count_each() -> None:
    chosen = field("choices", options=("Radio", "Friends"))
    assert [one.count for one in counted(chosen, ['["Radio","Friends"]', '["Friends"]'])] == [1, 2]
    assert [one.answer for one in counted(field("yes_no"), ["no", "no"])] == ["yes", "no"]
    assert (
        summed(field("number", point=","), "sum", ["1.5", "2"]) == "3,5" and summed(chosen, "max", []) == ""
    )


def test_check_says_what_can_neither_be_summed_nor_shared() -> None:
    assert [one for one in check(as_files(POT, HOOKS)) if one.grave] == []
    for old, new, sentence in (
        ('field = "given", of = "room", as = "sum"', 'field = "act", of = "room", as = "sum"', "has no sum"),
        ('kind = "pairs"\n', 'kind = "ring"\n', "No network of this study makes pairs"),
        ('of = "pairs"', 'of = "nobody"', "which is not known"),
    ):
        grave = [one for one in check(as_files(changed(POT, old, new), HOOKS)) if one.grave]
        assert sentence in str(grave[0])
