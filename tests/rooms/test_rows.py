"""Rows to answer in and parts to give away come of the game: what others made, or whom a hook names."""

from __future__ import annotations

import asyncio
import random

from app.database.connections import Connection
from app.export import codebook
from app.export.verify import verify
from app.rehearsal.trial import try_study
from app.study.model.plausible import plausible
from app.study.reading import check, parse
from app.web.monitor.answers import answered
from tests.house.house import House
from tests.house.pages import shown
from tests.house.server import Server
from tests.house.studies import as_files, changed
from tests.house.table import at_the_table

ROWS = """
title = "Rows"
[[room]]
name = "pair"
seats = {any = 2}
[[step]]
page = "talk"
name = "make"
limit = "10m"
fields = [{name = "made", ask = "What did you make?", kind = "text"}]
on_end = "hand_on"
results = [{name = "theirs", ask = "What they made", kind = "list"}]
[[step]]
page = "talk"
name = "rate"
limit = "10m"
fields = [
    {name = "stars", ask = "How good is each?", kind = "matrix", rows = "theirs", min = 1, max = 5},
    {name = "again", ask = "How often?", kind = "matrix", rows = "theirs", options = ["Never", "Often"]},
    {name = "parts", ask = "Who gets how much?", kind = "allocation", options = "members", total = 10},
]
[[step]]
page = "talk"
name = "told"
limit = "10m"
button = "Next"
show = [{field = "stars", of = "room"}, {field = "parts", of = "room"}]
"""
ROWS_HOOKS = """
def hand_on(room):
    made = room.said("made")
    return {"theirs": {slot: [text for text in made.get(3 - slot, "").split(";")] for slot in room.slots}}


def members(room):
    return {1: ["Me", "Them"]}
"""


def test_what_somebody_made_is_rated_in_rows_and_parts_go_to_whom_a_hook_names(
    shared: House, server: Server
) -> None:
    study = parse(as_files(ROWS, ROWS_HOOKS))
    session = shared.open_study(study, {"x": 2})

    async def story() -> None:
        table = await at_the_table(shared, server, session)
        await table[1].answer({"made": " "}, await table[1].form())
        async with table[1].watching() as stream:
            await table[1].answer({"made": ";"})
            await table[2].answer({"made": "Hut & «roof»; 3 pots"})
            await stream.until(lambda text: "How good is each?" in text, "the next step")
            assert "Hut &amp; «roof»</legend>" in stream.raw[-1] and ">Them</label>" in stream.raw[-1]
        mine, theirs = await table[1].form(), await table[2].form()
        page = await table[2].page()
        assert (
            page.count("There is nothing to answer here.") == 2 and "There is nothing to choose from." in page
        )
        assert "Together" not in page and "Them" not in page
        good = {"stars-1": "5", "stars-2": "1", "again-1": "Often", "again-2": "Never", "parts-1": "10"}
        for wrong, why in (
            ({"stars-2": ""}, "Please answer in each row."),
            ({"stars-3": "1"}, "Please answer with what this page offers."),
            ({"again-1": "Daily"}, "Please choose one of the answers in each row."),
            ({"parts-2": "1"}, "These must add up to 10; they make 11 now."),
        ):
            refused = await table[1].answer({**good, **wrong}, mine)
            assert refused.status == 422 and why in refused.text and "Hut &amp; «roof»" in refused.text
        assert (await table[2].answer({"stars-1": "5"}, theirs)).status == 422
        assert (await table[1].answer(good, mine)).status == 200
        assert (await table[2].answer({}, theirs)).status == 200
        assert "You Birch Hut & «roof» 5 – 3 pots 1 –" in shown(await table[1].shows("Next"))

    shared.tell(story())
    assert asyncio.run(verify(shared.database, session.id, study)).ok
    said = (
        "select field, value from record where session_id = %s and step = 'rate' and version = 1 order by id"
    )
    assert shared.sql(said, session.id) == [
        ("stars", '{"Hut & «roof»":5,"3 pots":1}'),
        ("again", '{"Hut & «roof»":"Often","3 pots":"Never"}'),
        ("parts", '{"Me":10,"Them":0}'),
        *(("stars", ""), ("again", ""), ("parts", "")),
    ]

    async def so_far(conn: Connection) -> list[list[tuple[str, str]]]:
        found = await answered(conn, session.id, study)
        return [[(bar.label, bar.says) for bar in one.picture.bars] for one in found]

    _, stars, again, parts, _ = shared.do(so_far)
    assert stars == [("Hut & «roof»", "5.00"), ("3 pots", "1.00")]
    assert ("3 pots: Never", "1 (100%)") in again and parts == [("Me", "10.00"), ("Them", "0.00")]


def test_rows_of_a_result_are_told_of_in_the_codebook_tried_by_check_and_filled_in_by_bots() -> None:
    files = as_files(ROWS, ROWS_HOOKS)
    assert check(files) == []
    study = parse(files)
    stars, again, parts = study.plan[1].step.fields
    assert plausible(stars, random.Random(1)).startswith('{"Option 1":')
    assert plausible(parts, random.Random(1)).startswith('{"Option 1":')
    for one in (stars, again, parts):
        empty = one.limited({})
        assert empty.kind.slip(empty, random.Random(1)) == "" == plausible(empty, random.Random(1))
        assert empty.read([]) == "" and not empty.required
    lines = [dict(zip(codebook.HEADER, row, strict=True)) for row in codebook.rows(study)]
    meant = {one["field"]: one["meaning"] for one in lines if one["file"] == "records.csv"}
    assert "row → what was said there; its rows were the last theirs that this player had" in meant["stars"]
    assert "what could be chosen was the last members" in meant["parts"]
    filled = 'seats = {any = 2}\nbots_after = "20s"'
    assert check(as_files(changed(ROWS, "seats = {any = 2}", filled), ROWS_HOOKS)) == []
    [note] = asyncio.run(try_study(parse(as_files(ROWS, changed(ROWS_HOOKS, '"Me", "Them"', "")))))
    assert (
        "`members` lists nothing for anybody" in note.sentence and "`parts` has no options" in note.suggestion
    )
    for old, new, sentence in (
        (
            'rows = "theirs", min',
            'rows = "their", min',
            "called `their`, and hooks.py has no function `their`",
        ),
        ('rows = "theirs", min', 'rows = "theirs", order = "random", min', "These rows stand in the order"),
        ("total = 10", "total = 10, max = 4", "so `max` may leave no way to make the total"),
        ('{field = "stars", of = "room"}', '{field = "stars", of = "room", as = "count"}', "in several rows"),
    ):
        found = check(as_files(changed(ROWS, old, new), ROWS_HOOKS))
        assert found and sentence in str(found[0]), (found, sentence)
