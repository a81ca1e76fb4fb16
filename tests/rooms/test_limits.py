"""What can be answered is limited by what came of the game, for each player by what is theirs."""

from __future__ import annotations

import asyncio
import re
from decimal import Decimal

from app.export.verify import verify
from app.rehearsal.page import limits_in
from app.rehearsal.trial import try_study
from app.rooms.limits import from_key, in_key, last_said, sources, told_last
from app.study.reading import check, parse
from tests.house.house import House
from tests.house.pages import words
from tests.house.server import Server
from tests.house.studies import as_files, changed
from tests.house.table import at_the_table

TRUST = """
title = "Trust"
[[room]]
name = "pair"
seats = {any = 2}
[[step]]
page = "talk"
name = "send"
repeat = 2
limit = "10m"
fields = [{name = "sent", ask = "Send?", kind = "integer", min = 0, max = 10}]
on_end = "triple"
results = [{name = "came", ask = "Came", kind = "number"}]
[[step]]
page = "talk"
name = "back"
repeat = 2
limit = "10m"
show = [{hook = "least", ask = "At least", kind = "integer"}]
fields = [
    {name = "returned", ask = "Back?", kind = "number", min = "least", max = "came"},
    {name = "sure", ask = "Sure?", kind = "slider", min = 0, max = "came", required = false},
]
"""
HOOKS = """
from decimal import Decimal


def triple(room):
    return {"came": {slot: 3 * room.said("sent").get(3 - slot, 0) for slot in room.slots}}


def least(room):
    return {1: 2}
"""
STUDY = parse(as_files(TRUST, HOOKS))


def test_what_came_is_the_most_that_can_go_back(shared: House, server: Server) -> None:
    session = shared.open_study(STUDY, {"x": 2})

    async def story() -> None:
        table = await at_the_table(shared, server, session)
        async with table[1].watching() as stream:
            await table[1].answer({"sent": "4"})
            await table[2].answer({"sent": "3"})
            await stream.until(lambda text: "Back?" in text, "the next step")
            assert 'max="9"' in stream.raw[-1]  # what came to slot 1
        assert 'max="12"' in await table[2].shows("Back?")
        first = await table[1].form()
        beyond = await table[1].answer({"returned": "9.5"})
        assert beyond.status == 422 and "Please give a number from 2 to 9." in beyond.text
        assert 'max="9"' in beyond.text
        assert (await table[2].answer({"returned": "1"})).status == 200  # nothing is the least for slot 2
        borrowed = {**await table[2].form(), "returned": "11"}
        assert (await table[1].browser.post("/play/records", borrowed)).status != 200
        saved = await table[1].answer({"returned": "8"}, first)
        assert saved.status == 200
        [key] = re.findall(r'name="form_key" value="([^"]+)"', saved.text)
        assert (
            limits_in(key) == "2_9"
            and (await table[1].answer({"returned": "9"}, {"form_key": key})).status == 200
        )
        await table[1].shows("Send?")

    shared.tell(story())
    assert asyncio.run(verify(shared.database, session.id, STUDY)).ok


def test_each_is_limited_by_the_last_value_that_is_theirs() -> None:
    back = STUDY.plan[3]
    assert {name: (one.step.name, one.round) for name, (one,) in sources(STUDY, back).items()} == {
        "least": ("back", 2),
        "came": ("send", 2),
    }
    assert in_key(back.step, {"came": "7.5"}) == "_7.5"
    returned, sure = from_key(back.step, "_7.5").fields
    assert (returned.min, returned.max, sure.max) == (None, Decimal("7.5"), Decimal("7.5"))
    assert from_key(back.step, "") == back.step


def test_check_tries_hooks_on_answers_within_such_limits() -> None:
    strict = (
        HOOKS
        + """

def paid(room):
    came = room.said("came")
    assert all(back <= came[slot] for slot, back in room.said("returned").items())
    return {}
"""
    )
    files = as_files(TRUST + 'score = "paid"\n', strict)
    assert check(files) == [] == [one for one in asyncio.run(try_study(parse(files))) if one.grave]


def test_a_limit_may_be_what_is_there_before_the_question() -> None:
    for old, new, sentence in (
        ('max = "came"}', 'max = "comes"}', "Nothing is called `comes` before this question"),
        (
            'repeat = 2\nlimit = "10m"\nfields = [{name = "sent", ask = "Send?", kind = "integer", min = 0, max = 10}]',
            'limit = "10m"\nfields = [{name = "sent", ask = "Send?", kind = "integer", min = 0, max = "returned"}]',
            "Nothing is called `returned` before this question",
        ),
    ):
        assert sentence in str(check(as_files(changed(TRUST, old, new), HOOKS))[0])


BY_CHANCE = """
title = "Until chance ends it"
[[room]]
name = "pair"
seats = {any = 2}
[[step]]
page = "talk"
name = "give"
limit = "10m"
repeat = 9
continues = 0.001
at_least = 2
rounds = "Week"
on_end = "summed"
fields = [{name = "gave", ask = "Give?", kind = "integer", min = 0, max = 9}]
results = [
    {name = "pot", ask = "In the pot", kind = "integer", of = "room"},
    {name = "own", ask = "Yours", kind = "integer"},
]
[[step]]
page = "take"
limit = "10m"
show = [
    {field = "gave", of = "room", ask = "Given last"},
    {field = "gave", of = "me", ask = "Each time", round = "all"},
]
fields = [{name = "took", ask = "Take?", kind = "integer", min = 0, max = "own"}]
"""
TAKE = """{% extends "player/_step_opened.html" %}{% block before %}
<p>mine {{ mine.gave }}, theirs {{ of(partner).gave }}, pot {{ room.pot }}, own {{ mine.own }},
all {{ room.gave | sum }}.</p>
{% endblock %}"""
SUMMED = """
def summed(room):
    gave = room.said("gave")
    return {"pot": sum(gave.values()), "own": {slot: gave[slot] for slot in gave}}
"""


def test_what_comes_after_rounds_that_chance_ended_is_what_was_said_in_the_last_that_came(
    shared: House, server: Server
) -> None:
    files = as_files(BY_CHANCE, hooks=SUMMED) | {"pages/take.html": TAKE.encode()}
    session = shared.open_files(files, {"x": 2})

    async def story() -> None:
        table = await at_the_table(shared, server, session)
        for week, gave in ((1, 5), (2, 3)):  # twice at least, and never more with so small a chance
            for slot, guest in table.items():
                await guest.shows(f"Week {week}")
                await guest.answer({"gave": str(gave + slot)})
        page = words(await table[1].shows("Take?"))
        assert "mine 4, theirs 5, pot 9, own 4, all 9." in page and "Given last" in page
        assert (await table[1].answer({"took": "5"})).status == 422
        assert (await table[1].answer({"took": "4"})).status == 200

    shared.tell(story())
    assert asyncio.run(verify(shared.database, session.id, parse(files))).ok


def test_at_ones_own_pace_it_is_what_each_said_last() -> None:
    toml = changed(BY_CHANCE, "continues = 0.001\nat_least = 2\n", 'wait_for = "none"\nwithin = "9s"\n')
    study = parse(
        as_files(changed(toml, 'limit = "10m"\n'), hooks=SUMMED) | {"pages/take.html": TAKE.encode()}
    )
    places = last_said(study, study.plan[-1], "gave")
    assert [one.round for one in places] == [9, 8, 7, 6, 5, 4, 3, 2, 1]
    told = {(1, "give", 1, "gave"): "4", (1, "give", 2, "gave"): "6", (2, "give", 1, "gave"): "7"}
    assert [
        found and found[1] for found in (told_last(told, slot, "gave", places) for slot in (1, 2, 3))
    ] == ["6", "7", None]
    assert [one.round for one in last_said(study, study.plan[3], "gave")] == [3]
