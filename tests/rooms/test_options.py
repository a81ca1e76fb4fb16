"""What can be chosen comes of the game: a list that a hook computes, or what somebody chose before."""

from __future__ import annotations

import asyncio
import html
import json
import random
import re

import pytest

from app.database.connections import Connection
from app.export import codebook
from app.export.verify import verify
from app.rehearsal.page import limits_in
from app.rehearsal.trial import try_study
from app.rooms.changes import Stored
from app.rooms.hearing import Hearing
from app.rooms.limits import from_key, in_key
from app.rooms.steps import Course
from app.study.hooks.networklab import Room, Said, Seat
from app.study.model.kinds.list import LARGEST, LIST
from app.study.model.listed import listed_in, packed
from app.study.model.plausible import plausible
from app.study.reading import check, parse
from app.web.monitor.answers import answered
from tests.house.album import Album
from tests.house.house import House
from tests.house.server import Server
from tests.house.studies import as_files, changed
from tests.house.table import at_the_table

MENU = """
title = "Menu"
[constants]
fruits = ["Fig", "Kiwi_5", "Açaí & «more»"]
[[room]]
name = "pair"
seats = {any = 2}
[[step]]
page = "talk"
name = "like"
limit = "10m"
fields = [{name = "liked", ask = "Which?", kind = "choices", options = "fruits"}]
on_end = "swap"
results = [{name = "offers", ask = "Offers", kind = "list"}]
[[step]]
page = "talk"
name = "pick"
limit = "10m"
fields = [
    {name = "best", ask = "Best?", kind = "choice", options = "offers"},
    {name = "own", ask = "Your own order?", kind = "ranking", options = "liked"},
    {name = "cheap", ask = "Which are cheap?", kind = "choices", options = "priced", min = 2},
]
[[step]]
page = "talk"
name = "told"
limit = "10m"
button = "Next"
show = [{field = "best", of = "room", as = "bars"}, {field = "offers", of = "me"}]
"""
HOOKS = """
def swap(room):
    liked = room.said("liked")
    return {"offers": {slot: liked.get(3 - slot, ()) for slot in room.slots}}


def priced(room):
    return {1: [5, 7, 9]}
"""
STUDY = parse(as_files(MENU, HOOKS))
ACAI = "Açaí & «more»"


def as_list(*texts: str) -> str:
    return json.dumps(texts, ensure_ascii=False, separators=(",", ":"))


def test_each_chooses_among_what_is_theirs(shared: House, server: Server) -> None:
    session = shared.open_study(STUDY, {"x": 2})
    albums = list[Album]()

    async def story() -> None:
        table = await at_the_table(shared, server, session)
        async with table[1].watching() as stream:
            await table[1].answer({"liked": as_list("Fig", ACAI)})
            await table[2].answer({"liked": "Kiwi_5"})
            await stream.until(lambda text: "Best?" in text, "the next step")
            assert 'value="Kiwi_5"' in stream.raw[-1] and 'value="7"' in stream.raw[-1]
        mine, theirs = await table[1].form(), await table[2].form()
        page = await table[2].page()
        assert f'value="{ACAI}"' in page and "There is nothing to choose from." in page
        players = shared.sql("select id from player where session_id = %s order by slot", session.id)
        albums.append(await asyncio.to_thread(Album, shared, session.id, STUDY, [one for (one,) in players]))
        await asyncio.to_thread(albums[0].keep)
        good = {"best": "Kiwi_5", "own": as_list(ACAI, "Fig"), "cheap": as_list("5", "9")}
        for wrong in (
            ("best", "Fig"),
            ("own", as_list("Fig", "Kiwi_5")),
            ("cheap", as_list("5", "8")),
            ("cheap", "5"),
        ):
            refused = await table[1].answer({**good, **dict([wrong])}, mine)
            assert refused.status == 422 and 'value="Kiwi_5"' in refused.text
        borrowed = {**theirs, "best": "Fig", "own": "1 Kiwi_5"}
        assert (await table[1].browser.post("/play/records", borrowed)).status != 200
        saved = await table[1].answer(good, mine)
        assert saved.status == 200
        [key] = re.findall(r'name="form_key" value="([^"]+)"', saved.text)
        other = {**good, "cheap": as_list("7", "9")}
        again = await table[1].answer(other, {"form_key": html.unescape(key)})
        assert again.status == 200
        # Nothing is priced for slot 2, so there is nothing to be answered.
        assert (await table[2].answer({"best": "Fig", "own": "1 Kiwi_5"}, theirs)).status == 200
        told = await table[1].shows("Next")
        assert "Kiwi_5" in told and "Fig" in told

    shared.tell(story())
    assert asyncio.run(verify(shared.database, session.id, STUDY)).ok
    said = (
        "select field, value from record where session_id = %s and step = 'pick' and version = 1 order by id"
    )
    assert shared.sql(said, session.id) == [
        *(("best", "Kiwi_5"), ("own", f'["{ACAI}","Fig"]'), ("cheap", '["5","9"]')),
        *(("best", "Fig"), ("own", '["Kiwi_5"]'), ("cheap", "")),
    ]
    album = albums[0]
    assert 'value="Kiwi_5"' in album.of(album.players[0])[0]
    album.look_at_again()

    async def so_far(conn: Connection) -> list[list[str]]:
        return [[bar.label for bar in one.picture.bars] for one in await answered(conn, session.id, STUDY)]

    liked, best, own, cheap, _ = shared.do(so_far)
    assert (liked, best, own, cheap) == (
        ["Fig", "Kiwi_5", ACAI],
        ["Fig", "Kiwi_5"],
        [ACAI, "Fig", "Kiwi_5"],
        ["7", "9"],
    )


def test_pictures_of_answers_have_what_was_chosen_and_nothing_else(shared: House) -> None:
    best, own, cheap = STUDY.plan[1].step.fields
    bars = [(bar.label, bar.says) for bar in best.kind.picture(best, {"Fig": 1, "Kiwi_5": 3}).bars]
    assert bars == [("Kiwi_5", "3 (75%)"), ("Fig", "1 (25%)")]
    assert [bar.label for bar in cheap.kind.picture(cheap, {'["5","7"]': 2, '["7"]': 1}).bars] == ["7", "5"]
    assert [bar.says for bar in own.kind.picture(own, {'["b","a"]': 1}).bars] == ["1.00", "2.00"]
    many = best.kind.picture(best, {f"o{nth}": 1 for nth in range(50)})
    assert len(many.bars) == 20 and many.note == "30 others were chosen less often"


def test_bots_and_the_key_of_a_form_know_the_same_options() -> None:
    step, chance = STUDY.plan[1].step, random.Random(1)
    told = {"offers": f'["{ACAI}"]', "liked": '["a_b","c.d:e"]', "priced": ""}
    key = in_key(step, told)
    assert limits_in(f"7.1.answer:0:{key}.signature") == key and "." not in key and key.isascii()
    best, own, cheap = from_key(step, key).fields
    assert (best.options, own.options, cheap.options) == ((ACAI,), ("a_b", "c.d:e"), ())
    assert plausible(best, chance) == ACAI and best.required
    assert plausible(cheap, chance) == "" == cheap.read([""]) and not cheap.required
    assert best.read([plausible(best, chance)]) == ACAI
    nothing = from_key(step, "").fields[0]
    assert plausible(nothing, chance) == "" == nothing.read([""])


def test_check_tries_hooks_on_what_was_offered_and_the_codebook_says_whence_it_came() -> None:
    strict = (
        HOOKS
        + """

def paid(room):
    offers = room.said("offers")
    assert all(best in offers[slot] for slot, best in room.said("best").items())
    return {}
"""
    )
    files = as_files(changed(MENU, 'name = "pick"\n', 'name = "pick"\nscore = "paid"\n'), strict)
    assert check(files) == [] == [one for one in asyncio.run(try_study(parse(files))) if one.grave]
    lines = [dict(zip(codebook.HEADER, row, strict=True)) for row in codebook.rows(STUDY)]
    best = next(one for one in lines if (one["file"], one["field"]) == ("records.csv", "best"))
    assert best["options"] == "offers" and "the last offers that this player had" in best["meaning"]
    offers = next(one for one in lines if (one["file"], one["field"]) == ("results.csv", "offers"))
    assert offers["seen_by"].endswith("the player at step pick (as what can be answered there)")
    listed = next(one for one in lines if (one["file"], one["field"]) == ("results.csv", "priced"))
    assert listed["asked"] == "What can be chosen: Which are cheap?"


def test_what_was_said_before_is_kept_where_it_can_still_be_said() -> None:
    toml = changed(MENU, 'name = "pick"\n', 'name = "pick"\nrepeat = 2\non_timeout = "keep"\n')
    study = parse(as_files(toml, HOOKS))
    seats = tuple(Seat(slot, "", "") for slot in (1, 2, 3))
    said = [Said("like", 1, slot, "offers", ("Fig",)) for slot in (1, 2)]
    said += [Said("pick", 1, 1, "best", "Fig"), *(Said("pick", 1, slot, "best", "Kiwi_5") for slot in (2, 3))]
    room = Room("", "pair", 1, 1, "pick", 2, 2, seats, (), tuple(said))
    course = Course(study, room, 2, _never, Hearing(study))
    asyncio.run(course.end(2, None))
    [kept] = course.changes
    assert isinstance(kept, Stored) and kept.lines == ((1, "best", "Fig"),)


async def _never(*_: object) -> None:
    raise AssertionError("no hook is asked")


def test_a_list_is_what_a_page_can_offer() -> None:
    field = STUDY.plan[0].step.results[0]
    assert LIST.stored(field, ("a", 2)) == '["a","2"]' and LIST.stored(field, ()) == ""
    for wrong, sentence in (
        ("a", "must be a list of texts, and is 'a'"),
        (("a", True), "must be a list of texts, and number 2 is True"),
        (tuple(map(str, range(201))), "has 201 texts, and 200 is the most"),
    ):
        with pytest.raises(ValueError, match=f"^`offers` {sentence}"):
            LIST.stored(field, wrong)


def test_no_room_is_stopped_by_what_a_player_typed_to_be_offered_to_others() -> None:
    field = STUDY.plan[0].step.results[0]
    typed = ("Fig", " Fig\u200f", "\u202egif", "a\n b", "", "\u200b", "dont_know", "می\u200cخواهم")
    assert listed_in(LIST.stored(field, typed)) == ["Fig", "gif", "a b", "می\u200cخواهم"]
    assert listed_in(LIST.stored(field, ("x" * 201,))) == ["x" * 199 + "…"]
    long = listed_in(LIST.stored(field, tuple(f"{slot} {'ع' * 300}" for slot in range(30))))
    assert len(long) == 30 and len(packed(long).encode()) <= LARGEST


def test_what_can_never_be_chosen_is_told_with_its_line() -> None:
    for old, new, sentence in (
        ('options = "offers"', 'options = "offer"', "called `offer`, and hooks.py has no function `offer`"),
        ('options = "liked"', 'options = "best"', "`best` is no list, so there is nothing to choose from."),
        (
            'options = "offers"',
            'options = "offers", order = "random"',
            "stand in the order in which they come",
        ),
        ('options = "offers"', 'options = "offers", correct = "Fig"', "so they have no `correct`"),
        ('kind = "choices", options = "fruits"', 'kind = "list"', "Nobody is asked for a list"),
    ):
        repeated = MENU.replace('name = "pick"\n', 'name = "pick"\nrepeat = 2\n')
        found = check(as_files(changed(repeated, old, new), HOOKS))
        assert found and sentence in str(found[0]), (found, sentence)
