"""Stories of the step that opens: drawn once for all on whose pages it says the same, each has what is their own."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from app.rooms.shown import told_in
from app.study.reading import parse
from app.web.live.moulds import Moulds, says_the_same
from app.web.live.places import RoomPlace
from tests.house.company import together
from tests.house.crowd import come, seat
from tests.house.house import House
from tests.house.studies import PAGE, TALK

ROUNDS = """
title = "Rounds"
[constants]
prize = 7
[[room]]
name = "all"
seats = {any = 6}
[network]
kind = "random_regular"
neighbours = 2
[[treatment]]
name = "light"
levels = ["red", "green"]
[[step]]
page = "talk"
name = "guess"
limit = "1h"
chat = "neighbours"
fields = [{name = "belief", ask = "How many?", kind = "integer", min = 0, max = 99999}]
[[step]]
page = "%s"
name = "after"
repeat = 2
limit = "1h"
chat = "neighbours"
fields = [{name = "sure", ask = "How sure are you?", kind = "integer", min = 0, max = 100}]
show = [{field = "belief", of = "neighbours"}]
"""
SAME = '<p>{{ constants.prize }} in {{ place.position.round }} of {{ step.repeat }}, {{ treatment["light"] }}</p>'
OWN = "<p>You are {{ place.me.alias }} and said {{ mine.belief }}</p>"


def extending(before: str) -> bytes:
    return (PAGE + "{% block before %}" + before + "{% endblock %}").encode()


@pytest.mark.parametrize(("before", "drawn"), [(SAME, 1), (OWN, 0)])
def test_what_is_drawn_for_all_is_what_each_would_have_been_drawn_alone(
    house: House, before: str, drawn: int
) -> None:
    files = {"study.toml": (ROUNDS % "after").encode(), "pages/talk.html": PAGE.encode()}
    session = house.open_files(files | {"pages/after.html": extending(before)}, {"any": 6})
    come(house, session, *session.tokens)
    assert seat(house, session) == 6

    async def story() -> None:
        async with together(house, session) as room:
            await room.answer({player: str(10_000 + nth) for nth, player in enumerate(room.pages)})
            befores = {page: page.place for page in room.pages.values()}
            await room.advance(0)
            await room.hear()
            await room.drawn()
            moulds, forms = Moulds(), set[str]()
            for page in room.pages.values():
                place, was = page.place, befores[page]
                assert isinstance(place, RoomPlace) and isinstance(was, RoomPlace)
                told = await told_in(room.conn, room.room_id, place.study, place.position)
                place = replace(place, told=told)
                alone = place.step_html()
                assert alone.count(place.form_key) == 1 and len(re.findall(r">(\d{5})</td>", alone)) == 2
                assert alone in moulds.step_opened(place, was)
                assert alone in b"".join(page.queue).decode().replace("\ndata: ", "\n")
                forms.add(alone)
            assert len(forms) == 6
            assert sum(key[0] == "step" for key in moulds.drawn) == drawn

    house.tell(story())


def test_whose_page_says_something_else_gets_it_from_another_mould(house: House) -> None:
    toml = (ROUNDS % "talk").replace("any = 6", "any = 4").replace(' levels = ["red"', "")
    session = house.open(toml, {"any": 4})
    come(house, session, *session.tokens)
    assert seat(house, session) == 4

    async def story() -> None:
        async with together(house, session) as room:
            moulds = Moulds()
            [place, *_] = [page.place for page in room.pages.values()]
            assert isinstance(place, RoomPlace)
            seats = place.view.seats
            [seen, *_] = place.partners
            some = replace(
                place, view=replace(place.view, seats=seats.with_changed(seen, replace(seen, answered=True)))
            )
            for one in (place, some, place):
                assert one.step_html() in moulds.step_opened(one, one)
            assert place.step_html() != some.step_html()

    house.tell(story())


@pytest.mark.parametrize(
    ("text", "same"),
    [
        (PAGE, True),
        (PAGE + "{% block before %}{{ super() }}{% for n in range(3) %}{{ n }}{% endfor %}{% endblock %}", True),
        (PAGE + "{% block before %}{{ place.position.round }}{{ place.me.alias }}{% endblock %}", False),
        (PAGE + "{% block before %}{% set here = place %}{{ here.form_key }}{% endblock %}", False),
        (PAGE + "{% block before %}{{ place['form_key'] }}{% endblock %}", False),
        (PAGE + "{% block before %}{{ of(partner).sent }}{% endblock %}", False),
        (PAGE + "{% block before %}{{ earlier.score }}{% endblock %}", False),
        (PAGE + "{% block before %}{{ now }}{% endblock %}", False),
        (PAGE + "{% block before %}{{ [1, 2, 3] | random }}{% endblock %}", False),
        (PAGE + '{% block before %}{% include "player/_where.html" %}{% endblock %}', False),
        (PAGE + "{% block before %}{% if %}{% endblock %}", False),
        ('{% filter upper %}{% include "player/_step_opened.html" %}{% endfilter %}', False),
    ],
)  # fmt: skip
def test_of_a_study_s_page_it_is_known_whether_it_is_the_same_for_all(text: str, same: bool) -> None:
    study = parse({"study.toml": TALK.encode(), "pages/talk.html": text.encode()}, opened=True)
    assert says_the_same(study, "talk") is same
