"""Rounds that chance ends, and what they are called."""

from __future__ import annotations

import asyncio
import re
from collections import Counter

from app.export.verify import verify
from app.study.estimate import estimate_of
from app.study.model.blocks import is_over
from app.study.model.study import Study
from app.study.reading import check, parse
from tests.house.house import House
from tests.house.pages import words
from tests.house.server import Server
from tests.house.studies import as_files, changed
from tests.house.table import at_the_table

WEEKS = """
title = "Weeks"
[[room]]
name = "pair"
seats = {any = 2}
[[step]]
page = "talk"
name = "work"
repeat = 60
limit = "10m"
continues = 0.5
at_least = 2
fields = [{name = "done", ask = "Done?", kind = "integer", min = 0, max = 9}]
[[step]]
page = "talk"
name = "rest"
repeat = 60
limit = "10m"
rounds = "Week"
button = "Next"
[[step]]
page = "talk"
name = "thanks"
limit = "10m"
button = "Bye"
"""


def weeks(study: Study, seed: int) -> int:
    """How many a room with this seed has."""
    index: int | None = 0
    passed = 0
    while index is not None and study.plan[index].step.name != "thanks":
        passed += study.plan[index].step.name == "work"
        index = study.in_room(study.following(index), seed)
    assert index is not None
    return passed


def test_after_each_round_another_one_follows_with_its_chance() -> None:
    study = parse(as_files(WEEKS))
    many = [weeks(study, seed) for seed in range(600)]
    assert min(many) == 2 and 0.42 < sum(one == 2 for one in many) / 600 < 0.58
    assert 2.8 < sum(many) / 600 < 3.2  # two, and one more on average
    assert weeks(study, 7) == many[7] and len(Counter(many)) > 4
    work = study.steps[0]
    assert not is_over(work, 2, 1, "work")
    assert [one.continues == work.continues and one.rounds == "Week" for one in study.steps] == [
        True,
        True,
        False,
    ]
    estimate = estimate_of(study, 10, 60.0)
    assert estimate.records[0] == 2 * 2 + 1 and estimate.records[1] == 2 * 60 + 1


def test_no_page_says_of_a_last_round(shared: House, server: Server) -> None:
    session, study = shared.open(WEEKS, {"x": 2}), parse(as_files(WEEKS))

    async def story() -> None:
        table = await at_the_table(shared, server, session)
        [(seed,)] = shared.sql("select seed from room where session_id = %s", session.id)
        for week in range(1, weeks(study, seed) + 1):
            for guest in table.values():
                page = words(await guest.shows("Done?"))
                assert f"Week {week} " in page and "60" not in page and f"Week {week} of" not in page
                await guest.answer({"done": "3"})
            for guest in table.values():
                await guest.shows("Next")
                await guest.answer({})
        assert not re.search(r"page \d", words(await table[1].shows("Bye")))

    shared.tell(story())
    assert asyncio.run(verify(shared.database, session.id, study)).ok
    [(seed,)] = shared.sql("select seed from room where session_id = %s", session.id)
    passed = weeks(study, seed)
    for wanted in {2, 3, 4} - {passed}:
        other = next(one for one in range(99) if weeks(study, one) == wanted)
        shared.sql("update room set seed = %s where session_id = %s", other, session.id)
        checks = asyncio.run(verify(shared.database, session.id, study)).checks
        [found] = [one for one in checks if one.name == "endings_are_drawn_again"]
        drawn = f"{passed} rounds of step work, where its seed draws {wanted}"
        assert [one.partition(": ")[2] for one in found.rows] == [drawn]


def test_check_says_what_chance_can_not_end() -> None:
    assert check(as_files(WEEKS)) == []
    for old, new, sentence in (
        ("continues = 0.5", 'continues = 0.5\nwait_for = "none"', "each would be in another round"),
        ("continues = 0.5\n", "", "Only where chance ends the rounds"),
    ):
        assert sentence in str(check(as_files(changed(WEEKS, old, new)))[0])
