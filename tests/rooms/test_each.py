"""A question about each of several others: who is asked about whom, and what an answer about somebody else is worth."""

from __future__ import annotations

import asyncio
import json

import pytest

from app.export.verify import verify
from app.study.reading import check, parse
from app.study.syntax.mistakes import Mistake
from tests.house.house import House, Opened
from tests.house.pages import words
from tests.house.server import Server
from tests.house.studies import as_files, changed
from tests.house.table import at_the_table
from tests.house.waits import until

STUDY = """
title = "Ratings"
[[room]]
name = "line"
seats = {any = 3}
[network]
edges = [[1, 2], [2, 3]]
[[step]]
page = "talk"
limit = "60s"
repeat = 2
fields = [{name = "points", ask = "How many points does each get?", kind = "each", min = 0, max = 5, about = "got"}]
on_end = "add_up"
results = [{name = "got", ask = "What you got", kind = "integer"}]
"""
HOOKS = """
def add_up(room):
    got = dict.fromkeys(room.slots, 0)
    for said in room.said("points").values():
        for other, points in said.items():
            got[other] += points
    return {"got": got}
"""


def files(toml: str = STUDY) -> dict[str, bytes]:
    return as_files(toml, HOOKS)


def test_an_answer_about_somebody_whom_one_was_not_asked_about_is_refused(
    shared: House, server: Server
) -> None:
    session = shared.open_files(files(), {"x": 3})

    async def story() -> None:
        table = await at_the_table(shared, server, session)
        page = (await table[1].browser.get("/play")).text
        assert 'name="points-2"' in page and 'name="points-3"' not in page and "Birch" in page
        refused = await table[1].answer({"points": "2", "points-2": "6"})
        assert refused.status == 422 and "whole number from 0 to 5" in refused.text
        assert 'value="6"' in refused.text  # kept, to be mended
        # Slot 1 sees slot 2 alone, and would give points to others, too, by a form of its own making.
        for slot in (1, 3, 4):
            forged = await table[1].answer({"points": "2", "points-2": "4", f"points-{slot}": "5"})
            assert forged.status == 409 and "You are not asked this here" in forged.text
        await table[1].answer({"points": "2", "points-2": "4"})
        await table[2].answer({"points": "1", "points-1": "1", "points-3": "2"})
        await table[3].answer({"points": "2", "points-2": "3"})
        await until(got, "the sums")
        assert got() == {1: 1, 2: 7, 3: 2}
        again = (await table[2].browser.get("/play")).text
        assert "Ash 1" in words(again) and "Cedar 2" in words(
            again
        )  # what they got stands beside their names

    def got() -> dict[int, int]:
        found = shared.sql(
            "select slot, value from result where session_id = %s and name = 'got'", session.id
        )
        return {slot: int(value) for slot, value in found}

    shared.tell(story())
    stored = shared.sql("select value from record where session_id = %s order by id", session.id)
    assert [json.loads(said) for (said,) in stored] == [{"2": "4"}, {"1": "1", "3": "2"}, {"2": "3"}]
    assert broken(shared, session) == set()
    shared.sql(
        """update record set value = '{"2":"4","3":"5"}' where value = '{"2":"4"}' and session_id = %s""",
        session.id,
    )
    assert "others_were_asked_about" in broken(shared, session)


def broken(house: House, session: Opened) -> set[str]:
    found = asyncio.run(verify(house.database, session.id, parse(files())))
    return {check.name for check in found.checks if not check.ok}


def mistakes(old: str, new: str) -> list[Mistake]:
    return [one for one in check(files(changed(STUDY, old, new))) if one.grave]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('about = "got"', 'about = "gto"', "Did you mean `got`?"),
        ('about = "got"', 'of = "friends"', "hooks.py has no function `friends`"),
        ("min = 0, max = 5", 'options = ["one"]', "at least two options"),
        ('kind = "each", min = 0, max = 5, about = "got"', 'kind = "integer", of = "room"', "means nothing"),
        (
            "[[step]]",
            '[entry]\nfields = [{name = "q", ask = "?", kind = "each"}]\n[[step]]',
            "At the door nobody",
        ),
    ],
)
def test_check_says_which_questions_cannot_be(old: str, new: str, told: str) -> None:
    assert told in " ".join(map(str, mistakes(old, new)))
