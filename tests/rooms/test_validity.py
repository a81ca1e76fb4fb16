"""Answers that a study judges before they are stored, by the room as the step opened."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from app.database.connections import connect
from app.export.verify import verify
from app.rehearsal.trial import try_study
from app.rooms.validity import refusal
from app.study.hooks.pool import Hooks
from app.study.reading import check, parse
from tests.house.house import House
from tests.house.server import Server
from tests.house.studies import as_files
from tests.house.table import at_the_table

SPLIT = """
title = "Split"
[[room]]
name = "pair"
seats = {any = 2}
[[step]]
page = "talk"
name = "first"
limit = "10m"
fields = [{name = "a", ask = "A?", kind = "integer", min = 0, max = 10}]
[[step]]
page = "talk"
name = "split"
limit = "10m"
valid = "sums"
fields = [
    {name = "a", ask = "A?", kind = "integer", min = 0, max = 10},
    {name = "b", ask = "B?", kind = "integer", min = 0, max = 10, required = false, dont_know = true},
]
[[after]]
page = "talk"
name = "last"
valid = "no_seven"
fields = [{name = "c", ask = "C?", kind = "integer", min = 0, max = 10}]
"""
HOOKS = """
from networklab import Room


def sums(room: Room, slot: int, said: dict[str, int]) -> str | None:
    if said["a"] == 9:
        raise ValueError("nine")
    known = room.said("a", step="first")[slot]
    others = room.said("a", step="split")
    return None if said["a"] + said.get("b", 0) == known and not others else "Both must make " + str(known) + "."


def no_seven(room: Room, slot: int, said: dict[str, int]) -> str | None:
    return "Not seven." if said["c"] == 7 else None
"""


def test_a_sentence_of_the_study_stands_above_what_was_typed_and_nothing_is_stored(
    shared: House, server: Server
) -> None:
    study = parse(as_files(SPLIT, HOOKS))
    session = shared.open_study(study, {"x": 2})

    async def judged_anew() -> None:
        """By a hook that takes nothing any more: what is stored already is not asked about again."""
        strict = parse(
            as_files(SPLIT, HOOKS.replace('return None if said["a"] +', "return 'No.' if said[\"a\"] +"))
        )
        [(player, room, form)] = shared.sql(
            "select player_id, room_id, form::text from record"
            " where session_id = %s and step = 'split' and value = '6'",
            session.id,
        )
        conn, hooks = await connect(shared.database, "judge"), Hooks()
        try:
            whose = hooks, strict, room, strict.plan[1], player
            assert await refusal(conn, *whose, {"a": "6", "b": ""}, form) is None
            for unsaid in ("", "dont_know"):
                assert await refusal(conn, *whose, {"a": "6", "b": unsaid}, str(uuid4())) == "No."
        finally:
            await hooks.retire(0)
            await conn.close()

    async def story() -> None:
        table = await at_the_table(shared, server, session)
        for slot, guest in table.items():
            await guest.answer({"a": str(slot + 4)})
        await table[2].shows("B?")
        assert (await table[2].answer({"a": "6", "b": ""})).status == 200
        await judged_anew()
        form = await table[1].form()
        wrong = await table[1].answer({"a": "4", "b": "3"}, form)
        assert wrong.status == 422 and "Both must make 5." in wrong.text and 'value="4"' in wrong.text
        right = await table[1].answer({"a": "4", "b": "1"}, form)
        assert right.status == 200 and "receipt" in right.headers
        again = await table[1].answer({"a": "4", "b": "1"}, form)
        assert again.headers["receipt"] == right.headers["receipt"]
        for guest in table.values():
            await guest.shows("C?")
            assert "Not seven." in (await guest.answer({"c": "7"})).text
            await guest.answer({"c": "8"})
            await guest.shows("COMPLETE")

    shared.tell(story())
    said = shared.sql("select distinct value from record where session_id = %s and field = 'c'", session.id)
    assert said == [("8",)]
    assert asyncio.run(verify(shared.database, session.id, study)).ok


def test_a_judge_that_fails_stops_its_room(shared: House, server: Server) -> None:
    session = shared.open_study(parse(as_files(SPLIT, HOOKS)), {"x": 2})

    async def story() -> None:
        table = await at_the_table(shared, server, session)
        for guest in table.values():
            await guest.answer({"a": "5"})
        await table[1].shows("B?")
        failed = await table[1].answer({"a": "9", "b": ""})
        assert failed.status == 409 and "can’t go on just yet" in failed.text
        await table[2].shows("Your group can’t go on just yet.")

    shared.tell(story())
    [(why,)] = shared.sql("select stopped->>'sentence' from room where session_id = %s", session.id)
    assert why == "ValueError: nine"
    assert not shared.sql("select from record where session_id = %s and step = 'split'", session.id)


def test_check_tries_it_on_answers_by_chance() -> None:
    files = as_files(SPLIT, HOOKS)
    assert check(files) == []
    told = " ".join(one.sentence for one in asyncio.run(try_study(parse(files))))
    assert "refused all" in told and "ValueError" not in told


def test_check_notes_a_judge_that_counts_on_what_may_be_left_out() -> None:
    """In a session the first player who leaves it empty would stop the room."""
    study = parse(as_files(SPLIT, HOOKS.replace('said.get("b", 0)', 'said["b"]')))
    [note] = [one for one in asyncio.run(try_study(study)) if "`sums` fails" in one.sentence]
    assert "where `b` is left empty: KeyError" in note.sentence and not note.grave
    assert note.suggestion == 'Read it with said.get("b"), which is None then.'
