"""Stories of what a study asks of an earlier session: found before anybody comes, by name and line."""

from __future__ import annotations

import asyncio

import pytest

from app.rehearsal.trial import try_study
from app.study.earlier import asked_earlier, earlier_mistakes
from app.study.hooks.networklab import NOT_KNOWN, Earlier, pack, unpack
from app.study.reading import check, parse
from tests.house.waves import AGAIN, FIRST, KNOWS, SECOND, as_bytes

ONE, TWO = parse(as_bytes(FIRST)), parse(as_bytes(SECOND))


def told(hooks: str = KNOWS, page: str = AGAIN, known: bool = True) -> list[tuple[str, bool]]:
    """Where, and whether it is grave, `check` finds something in a second day with these. `known`: the first, too."""
    files = as_bytes({**SECOND, "hooks.py": hooks, "pages/again.html": page})
    assert [one for one in check(files) if one.grave] == []
    study = parse(files)
    found = asyncio.run(try_study(study, before=ONE if known else None))
    found += earlier_mistakes(study, ONE) if known else []
    return [(one.location.rpartition(":")[0], one.grave) for one in found]


@pytest.mark.parametrize("known", [True, False])
def test_a_second_day_that_asks_for_what_was_asked_has_no_mistake(known: bool) -> None:
    assert told(known=known) == []


def test_each_name_is_found_where_it_stands() -> None:
    asked = {(one.file, one.name): one.spot for one in asked_earlier(TWO.files)}
    assert {name for _, name in asked} == {"offer", "why", "age"}
    line, column, width = asked["pages/again.html", "age"]
    assert AGAIN.splitlines()[line - 1][column - 1 : column - 1 + width] == "age"
    spelt = 'room.seat(1).earlier.said("of") + waits.earlier["er"] + one.earlier.entry.get("ol")'
    names = asked_earlier(
        {"hooks.py": spelt.encode(), "pages/x.html": b"{{ earlier['q1'] }} {{ earlier.pay }}"}
    )
    assert [one.name for one in names] == ["of", "er", "ol", "q1"]


def test_a_name_that_was_not_asked_and_what_breaks_for_whoever_is_new_are_told() -> None:
    [(file, grave), *_] = told(page=AGAIN.replace("earlier.age", "earlier.agge"))
    assert (file, grave) == ("pages/again.html:4", True)
    assert told(KNOWS.replace('said("why")', 'said("wy")')) == [("hooks.py:4", True)]
    assert told(page=AGAIN.replace("{% if earlier %}", "{% if true %}")) == [("pages/again.html:4", False)]
    for known in (True, False):
        new = KNOWS.replace(
            "earlier.earned / 2 for seat in room.seats if seat.earlier",
            'earlier["offer"] for seat in room.seats',
        )
        assert told(new, known=known) == [("hooks.py:9", False)], "of whoever is new nothing is known"
        words = KNOWS.replace(
            'seat.earlier.said("why") or', 'seat.earlier.said("why").upper() if seat.earlier else'
        )
        assert told(words, known=known) == [], "a word has no upper case where only a number is made up"


def test_what_hooks_read_of_it() -> None:
    past = Earlier(
        session="a",
        entry={"age": 30},
        answers={"offer": (("talk", 1, 3), ("talk", 2, 7), ("end", 1, 9)), "why": (("talk", 1, "so"),)},
    )
    for one in (past, unpack(pack(past))):
        assert one and one["offer"] == one.said("offer") == 9 and one["age"] == 30
        assert one.said("offer", round=1) == 9 and one.said("offer", step="talk") == 7
        assert one.rounds("offer", step="talk") == {1: 3, 2: 7}
        assert one.said("nothing") is None and not one.earlier
    assert not NOT_KNOWN and NOT_KNOWN.said("offer") is None and NOT_KNOWN.rounds("offer") == {}
