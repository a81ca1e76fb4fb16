"""Whose part ends with a step, by a hook of the study: they have their code, and the room goes on without them."""

from __future__ import annotations

import asyncio

from app.export.verify import verify
from app.rehearsal.trial import try_study
from app.study.reading import check, parse
from tests.house.house import House
from tests.house.server import Server
from tests.house.studies import as_files, changed
from tests.house.table import at_the_table

CHECKED = """
title = "Checked"
[[room]]
name = "trio"
seats = {any = 3}
[[step]]
page = "talk"
name = "check"
limit = "10m"
fields = [{name = "colour", ask = "Which colour?", kind = "choice", options = ["blue", "red", "none"]}]
leave = "inattentive"
[[step]]
page = "talk"
name = "rest"
limit = "10m"
fields = [{name = "sure", ask = "Sure?", kind = "yes_no"}]
leave = "all_of_them"
[[step]]
page = "talk"
name = "never"
limit = "10m"
[pay]
base = 4.00
outcomes = {excluded = 0.50}
[finish]
codes = {complete = "C1", excluded = "C9"}
redirect = {complete = "https://example.org/?cc={code}", excluded = "https://example.org/out?cc={code}"}
"""
HOOKS = """
from networklab import Room


def inattentive(room: Room) -> dict[int, str]:
    return {slot: "excluded" for slot, colour in room.said("colour").items() if colour != "blue"}


def all_of_them(room: Room) -> dict[int, str]:
    return dict.fromkeys(room.slots, "failed_check")
"""


def test_whoever_a_hook_names_is_out_with_a_code_of_their_own_and_the_others_go_on(
    shared: House, server: Server
) -> None:
    study = parse(as_files(CHECKED, HOOKS))
    session = shared.open_study(study, {"x": 3})

    async def story() -> None:
        table = await at_the_table(shared, server, session)
        for slot, guest in table.items():
            await guest.answer({"colour": "red" if slot == 2 else "blue"})
        page = await table[2].shows("Your part in the study ends here.")
        assert "out?cc=C9" in page and "0.50" in page
        for slot in (1, 3):
            await table[slot].shows("Sure?")
            await table[slot].answer({"sure": "yes"})
        await table[1].shows("FAILED-CHECK")

    shared.tell(story())
    rooms = shared.sql("select status, outcome from room where session_id = %s", session.id)
    assert rooms == [("ended", "complete")]
    outcomes = shared.sql("select outcome from player where session_id = %s order by slot", session.id)
    assert outcomes == [("failed_check",), ("excluded",), ("failed_check",)]
    assert asyncio.run(verify(shared.database, session.id, study)).ok


def test_only_who_has_a_code_can_be_sent_away() -> None:
    assert not any(one.grave for one in check(as_files(CHECKED, HOOKS)))
    toml = changed(CHECKED, ', excluded = "C9"').replace(", excluded = ", ", lobby = ")
    unnamed = parse(as_files(changed(toml, "excluded = 0.50", "lobby = 0.50"), HOOKS))
    [mistake] = [one for one in asyncio.run(try_study(unnamed)) if one.grave]
    assert "'excluded' is no outcome that [finish] codes names" in mistake.sentence
