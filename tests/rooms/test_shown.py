"""Stories of what a player sees of what others did, and of the studies that rest on it, from the link to the CSV."""

from __future__ import annotations

import asyncio
import csv
import io
import re
import zipfile
from functools import partial
from typing import Any

import pytest

from app.config import PROJECT
from app.rehearsal.bots import Bot
from app.rehearsal.habits import Habits
from app.rooms.rooms import RoomView, Seat, Seats
from app.rooms.seen import on_page
from app.rooms.shown import shown_to, wanted
from app.study.model.kinds.choice import SWATCHES
from app.study.model.networks import Tie, Ties
from app.study.reading import check, parse, read_folder
from tests.house.guests import Guest, Stream
from tests.house.house import House
from tests.house.pages import shown, words
from tests.house.server import Server
from tests.house.studies import PAGE, as_files
from tests.house.table import at_the_table
from tests.house.waits import until

STUDY = """
title = "Line"
[[room]]
name = "line"
seats = {any = 3}
[network]
edges = [[1, 2], [2, 3]]
[[step]]
page = "talk"
name = "before"
limit = "60s"
fields = [{name = "hope", ask = "What do you hope?", kind = "text"}]
[[step]]
page = "talk"
repeat = 3
limit = "60s"
fields = [{name = "guess", ask = "How many?", kind = "integer", min = 0, max = 100}]
show = [
    {field = "guess", as = "mean"},
    {field = "guess", of = "room", round = "all"},
    {field = "guess", as = "picture"},
    {field = "hope", of = "me"},
]
"""
COLOURS = """
title = "Colours"
[[room]]
name = "line"
seats = {any = 3}
[network]
edges = [[1, 2], [2, 3]]
[[step]]
page = "talk"
limit = "60s"
ends = "deadline"
save = "change"
fields = [
    {name = "colour", ask = "Your colour", kind = "choice", options = ["red", "blue"], swatches = ["red", "blue"]},
]
show = [{field = "colour", round = "now"}, {field = "colour", round = "now", as = "picture", ask = "Whom you see"}]
"""

IN_ROWS = """
title = "Rows"
[[room]]
name = "pair"
seats = {any = 2}
[network]
kind = "complete"
[[step]]
page = "talk"
name = "ask"
repeat = 3
limit = "60s"
fields = [
    {name = "mood", ask = "How was it?", kind = "matrix", rows = ["The talk", "The pay"], min = 1, max = 5},
    {name = "coins", ask = "Who gets how much?", kind = "allocation", options = ["For me", "For them"], total = 100},
    {name = "risk", ask = "A or B?", kind = "lottery", safe = [2, 1.6], risky = [3.85, 0.1], chances = 4},
]
show = [
    {field = "mood", of = "me"},
    {field = "coins", of = "me"},
    {field = "risk", of = "me"},
    {field = "mood", of = "room"},
    {field = "mood", of = "room", round = "all", ask = "All of it"},
]
"""


def test_each_sees_what_their_neighbours_answered_before_and_no_more(shared: House, server: Server) -> None:
    session = shared.open(STUDY, {"x": 3})

    async def story() -> None:
        table = await at_the_table(shared, server, session)
        for slot, guest in table.items():
            assert shown((await guest.browser.get("/play")).text) == ""
            await guest.answer({"hope": f"hope of {slot}"})
        for guest in table.values():
            await guest.shows("round 1 of 3")
        one = shown((await table[1].browser.get("/play")).text)
        assert "hope of 1" in one and "hope of 2" not in one and "How many?" not in one
        async with table[3].watching() as stream:
            for slot, guess in {1: "10", 2: "20", 3: "35"}.items():
                await table[slot].answer({"guess": guess})
            await stream.until(lambda text: "round 2 of 3" in text, "the next round")
            assert "On average, the others: 20" in words(stream.newest())
        one, two = [shown((await table[slot].browser.get("/play")).text) for slot in (1, 2)]
        # Slot 1 sees slot 2; slot 2 sees both others: (10 + 35) / 2.
        assert "On average, the others: 20 " in one and "On average, the others: 22.5 " in two
        assert "You 10 Birch 20 Cedar 35" in one and "Ash 10 You 20 Cedar 35" in two
        for slot, guess in {1: "11", 2: "21", 3: "36"}.items():
            await table[slot].answer({"guess": guess})
        await table[1].shows("round 3 of 3")
        page = (await table[1].browser.get("/play")).text
        assert "You 10 11 Birch 20 21 Cedar 35 36" in shown(page)
        assert re.findall(r'<circle cx="([\d.]+)"', page) == ["63.0"]  # 21 of 100, on a line of 300

    shared.tell(story())


def test_a_choice_is_seen_by_neighbours_as_it_is_made_and_changed(shared: House, server: Server) -> None:
    session = shared.open(COLOURS, {"x": 3})

    async def story() -> None:
        table = await at_the_table(shared, server, session)
        async with table[1].watching() as near, table[3].watching() as far:
            assert "Birch –" in shown(near.raw[0])
            for colour in ("red", "blue", "red"):
                await table[2].answer({"colour": colour})
                for stream in (near, far):
                    await sees(stream, colour)
            await table[3].answer({"colour": "blue"})
            await table[1].answer({"colour": "blue"})
        assert "Cedar" not in "".join(near.messages) and "Ash" not in "".join(far.messages)
        assert "Birch red" in shown((await table[1].browser.get("/play")).text)
        # In the picture: two blue ones that the red one is tied to, and then three blue ones.
        page = (await table[2].browser.get("/play")).text
        assert drawn(page) == ["red", "blue", "blue"] and 'class="same"' not in page
        assert "Nobody you see has chosen the same as you." in shown(page)
        await table[2].answer({"colour": "blue"})
        page = (await table[2].browser.get("/play")).text
        assert drawn(page) == ["blue", "blue", "blue"] and page.count('class="same"') == 2
        assert "2 of those you see have chosen the same as you." in shown(page)
        assert drawn((await table[1].browser.get("/play")).text) == ["blue", "blue"]

    shared.tell(story())


def drawn(page: str) -> list[str]:
    """The colours in the picture of those whom a player sees, the player's own first."""
    return re.findall(r'<g class="swatch-(\w+)">', page)


async def sees(stream: Stream, colour: str) -> None:
    await stream.until(lambda _: f">{colour}</td>" in stream.newest("#shown"), colour)


def test_each_swatch_has_its_colour_in_the_style() -> None:
    style = (PROJECT / "static" / "css" / "shown.css").read_text()
    assert set(re.findall(r"\.swatch-(\w+) \{\s+--swatch: #", style)) == set(SWATCHES)


def test_what_was_answered_last_is_what_came_before_in_the_plan() -> None:
    study = parse(as_files(STUDY))
    first, second, third = study.plan[1:]
    assert [one.round for one in wanted(study, third)[third.step.show[1]]] == [1, 2]
    assert wanted(study, first)[first.step.show[0]] == ()
    assert wanted(study, second)[second.step.show[3]] == (study.plan[0],)


def test_a_mean_is_written_as_the_language_writes_numbers() -> None:
    study = parse(as_files(f'language = "de"\n{STUDY}'))
    seats = tuple(Seat(slot, "", "any", slot, "playing", True) for slot in (1, 2, 3))
    nowhere: Any = None  # the room itself is not asked for anything
    view = RoomView(nowhere, Seats(seats), Ties([Tie(2, 1, 1.0), Tie(2, 3, 1.0)]))
    told = {(1, "talk", 1, "guess"): "20", (3, "talk", 1, "guess"): "25"}
    assert shown_to(study, study.plan[2], view, seats[1], told)[0].mean == "22,5"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{field = "gess"}', "Did you mean `guess`?"),
        ('{field = "hope", round = "now"}', "not asked at this step"),
        ('{field = "hope", as = "mean"}', "is no number"),
        ('{field = "guess", of = "friends"}', '`of` is "friends"'),
        ('{field = "guess", when = "now"}', "when"),
        ("{}", "`field` is missing"),
    ],
)
def test_check_says_what_cannot_be_shown(line: str, told: str) -> None:
    toml = STUDY.replace('{field = "guess", as = "mean"}', line)
    found = check(as_files(toml))
    assert told in " ".join(map(str, found)) and all(one.spot for one in found)


@pytest.mark.parametrize(("name", "people", "answers"), [("crowd", 12, 4), ("colours", 8, 1)])
def test_a_study_that_ships_runs_from_the_link_to_the_csv(
    shared: House, server: Server, name: str, people: int, answers: int
) -> None:
    folder = PROJECT / "studies" / name
    study = parse(quick(read_folder(folder)))
    session = shared.open_study(study, {"x": people})
    ada = shared.researcher(server)

    async def story() -> None:
        bots = [
            Bot(server.base, token, study, Habits(think=(0.1, 0.4), talk=0), label)
            for label, token in session.tokens.items()
        ]
        async with asyncio.timeout(60):
            await asyncio.gather(*(bot.play() for bot in bots))
        packed = await ada.get(f"/admin/sessions/{session.id}/export.zip")
        with zipfile.ZipFile(io.BytesIO(packed.body)) as files:
            rows = list(csv.DictReader(io.StringIO(files.read("records.csv").decode())))
            players = list(csv.DictReader(io.StringIO(files.read("players.csv").decode())))
        assert len(rows) == people * answers
        assert {player["status"] for player in players} == {"finished"}
        assert {player["code"] for player in players} == {study.finish.codes["complete"]}

    shared.tell(story())
    assert shared.contradictions(session) == []


def quick(files: dict[str, bytes]) -> dict[str, bytes]:
    """With a deadline that a test can wait for, where a step lasts until its deadline."""
    toml = files["study.toml"].decode().replace('limit  = "3m"', 'limit  = "6s"')
    return files | {"study.toml": toml.encode()}


TURNS = """
title = "Two games in either order"
[[room]]
name = "one"
seats = {any = 1}
[[treatment]]
name = "order"
levels = ["give_first", "price_first"]
[[step]]
page = "talk"
name = "give"
only = {order = "give_first"}
limit = "60s"
fields = [{name = "given", ask = "How much do you give?", kind = "integer", min = 0, max = 20}]
[[step]]
page = "talk"
name = "price"
limit = "60s"
fields = [{name = "price", ask = "Your price", kind = "integer", min = 0, max = 100}]
[[step]]
page = "talk"
name = "give_last"
only = {order = "price_first"}
limit = "60s"
fields = [{name = "given", ask = "How much do you give?", kind = "integer", min = 0, max = 20}]
[[step]]
page = "end"
limit = "60s"
show = [{field = "given", of = "me"}, {field = "given", of = "room", as = "sum"}]
fields = [{name = "back", ask = "How much would you take back?", kind = "integer", min = 0, max = "given"}]
"""


def test_what_was_asked_first_of_some_and_last_of_others_is_shown_and_limits_for_both(
    shared: House, server: Server
) -> None:
    files = as_files(TURNS)
    end = (
        b'{% extends "player/_step_opened.html" %}{% block before %}You gave {{ mine.given }}.{% endblock %}'
    )
    study = parse(files | {"pages/end.html": end})
    session = shared.open_study(study, {"x": 2})

    async def story() -> None:
        for label, amount in zip(session.tokens, ("7", "13"), strict=True):
            guest = shared.guest(server, session, label)
            await guest.sign_in()
            begins_with_given = 'name="given"' in await guest.shows('id="form-key"')
            for asked in ("given", "price") if begins_with_given else ("price", "given"):
                await guest.shows(f'name="{asked}"')
                assert (await guest.answer({asked: amount})).status == 200
            await guest.shows("You gave")
            page = await guest.page()
            assert f"You gave {amount}." in page and f"Together: {amount}" in page
            assert (await guest.answer({"back": str(int(amount) + 1)})).status == 422, (
                "no more than was given"
            )
            assert (await guest.answer({"back": amount})).status == 200

    shared.tell(story())
    asked = "select step from record where session_id = %s and field = 'given' order by 1"
    assert shared.sql(asked, session.id) == [("give",), ("give_last",)], "one of each order"


def test_only_what_nobody_is_asked_twice_is_the_same_question_elsewhere() -> None:
    def shown_at_the_end(toml: str) -> list[tuple[str, ...]]:
        study = parse(as_files(toml) | {"pages/end.html": PAGE.encode()})
        return [one.steps for one in study.steps[-1].show]

    assert shown_at_the_end(TURNS) == [("give_last", "give")] * 2
    twice = TURNS.replace('name = "give_last"\nonly = {order = "price_first"}', 'name = "give_last"')
    assert shown_at_the_end(twice) == [("give_last",)] * 2


def test_answers_in_rows_are_small_tables_with_bars_where_one_stands_alone(
    shared: House, server: Server
) -> None:
    session = shared.open(IN_ROWS, {"x": 2})

    async def story() -> None:
        table = await at_the_table(shared, server, session)
        for slot, mood in {1: "5", 2: "1"}.items():
            said = {"mood-1": mood, "mood-2": "3", "coins-1": "60", "coins-2": "40", "risk": "ABBB"}
            assert (await table[slot].answer(said)).status == 200
        await table[1].shows("round 2 of 3")
        page = (await table[1].browser.get("/play")).text
        bars = re.findall(r'<rect width="([\d.]+)"', page)
        assert bars == ["100.0", "50.0", "60.0", "40.0"], "of me alone: what it is of what it can be"
        told = shown(page)
        assert "The talk 5 The pay 3" in told and "For me 60 For them 40" in told
        assert "1 A 1 in 4 : 2 3 in 4 : 1.6 2 B 2 in 4 : 3.85 2 in 4 : 0.1" in told
        assert "You Birch The talk 5 1 The pay 3 3" in told and '<th scope="col" class="me">You</th>' in page
        for slot in (1, 2):
            said = {"mood-1": "2", "mood-2": "4", "coins-1": "10", "coins-2": "90", "risk": "BBBB"}
            await table[slot].answer(said)
        await table[1].shows("round 3 of 3")
        told = shown((await table[1].browser.get("/play")).text)
        assert "You 1 2 The talk 5 2 The pay 3 4" in told and "Birch 1 2 The talk 1 2" in told

    shared.tell(story())


def test_many_answers_in_rows_stay_words() -> None:
    study = parse(as_files(IN_ROWS.replace("any = 2", "any = 5")))
    seats = tuple(Seat(slot, "", "any", slot, "playing", True) for slot in range(1, 6))
    nowhere: Any = None
    told = {(slot, "ask", 1, "mood"): '{"The talk":5,"The pay":2}' for slot in range(1, 6)}
    view = RoomView(nowhere, Seats(seats), Ties([]))
    alone, together, *_ = shown_to(study, study.plan[1], view, seats[0], told)
    assert alone.rows == ("The talk", "The pay") and together.rows == ()
    assert together.lines[0].values == ("The talk: 5, The pay: 2",)


def test_what_some_were_asked_first_and_others_last_is_one_statistic_and_one_table() -> None:
    by_player = TURNS.replace("any = 1", "any = 3").replace('name = "order"', 'name = "order"\nby = "player"')
    show = 'show = [{field = "given", of = "room", as = "sum"}, {field = "given", of = "room"}]'
    study = parse(as_files(re.sub("show = .*", show, by_player)) | {"pages/end.html": PAGE.encode()})
    seats = tuple(Seat(slot, "", "any", slot, "playing", True) for slot in (1, 2, 3))
    nowhere: Any = None
    view = RoomView(nowhere, Seats(seats), Ties([]))
    told = {
        (1, "give", 1, "given"): "7",
        (2, "give_last", 1, "given"): "13",
        (3, "give_last", 1, "given"): "",
    }
    total, table = shown_to(study, study.plan[-1], view, seats[0], told)
    assert total.total == "20"
    assert [line.values for line in table.lines] == [("7",), ("13",), (None,)]
    page = on_page(study, study.plan[-1], view, seats[0], told)
    assert {one[-1] for one in page.said} == {"7", "13"}, "so it is for bots"


UNEVEN = """
title = "More often of some"
[[room]]
name = "pair"
seats = {any = 2}
[[treatment]]
name = "often"
levels = ["twice", "thrice"]
by = "player"
[[step]]
page = "talk"
name = "first"
only = {often = "twice"}
repeat = 2
limit = "60s"
fields = [{name = "given", ask = "How much do you give?", kind = "integer", min = 0, max = 20}]
[[step]]
page = "talk"
name = "between"
limit = "60s"
button = "Next"
[[step]]
page = "talk"
name = "later"
only = {often = "thrice"}
repeat = 3
limit = "60s"
fields = [{name = "given", ask = "How much do you give?", kind = "integer", min = 0, max = 20}]
[[step]]
page = "talk"
name = "end"
limit = "60s"
show = [
    {field = "given", of = "room", round = "all", ask = "All"},
    {field = "given", of = "room", ask = "The last of each"},
    {field = "given", of = "room", round = "all", as = "sum", ask = "The sum"},
]
"""


def test_who_was_asked_in_more_rounds_than_others_stands_in_one_table_with_them(
    shared: House, server: Server
) -> None:
    study = parse(as_files(UNEVEN))
    session = shared.open_study(study, {"x": 2})

    async def asks(guest: Guest, where: str) -> bool:
        page = await guest.page()
        return where in page and 'name="given"' in page

    async def story() -> str:
        guests = [shared.guest(server, session, label) for label in session.tokens]
        for guest in guests:
            await guest.sign_in()
        asked = "select label from player where session_id = %s and treatment->>'often' = 'twice'"

        async def seated() -> bool:
            return bool(shared.sql(asked, session.id))

        await until(seated, "what both are asked")
        [(twice,)] = shared.sql(asked, session.id)
        once, other = sorted(guests, key=lambda guest: guest.label != twice)
        for guest, amounts in ((once, ("1", "2")), (other, ("4", "5", "6"))):
            for nth, amount in enumerate(amounts, 1):
                await until(partial(asks, guest, f"round {nth} of {len(amounts)}"), "the round")
                assert (await guest.answer({"given": amount})).status == 200
            if guest is once:
                for one in guests:
                    await one.shows(">Next<")
                    assert (await one.answer({})).status == 200
        return words(await once.shows("The sum"))

    said = shared.tell(story())
    assert "4 5 6" in said and "1 2 –" in said and said.count("The last of each") == 1
    assert "Together: 18" in said
