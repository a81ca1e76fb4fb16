"""Two days: a study whose second part goes on from what people said in the first, and who comes to both."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.house.guests import Guest
from tests.house.house import House, Opened
from tests.house.shell import Shell
from tests.house.studies import PAGE

DAY_ONE = """
title = "Day one"
[entry]
fields = [{name = "age", ask = "Your age", kind = "integer", min = 18, max = 99}]
[door]
ids = ["PROLIFIC_PID"]
[[room]]
name = "pair"
seats = {any = 2}
[pay]
base = 2.00
currency = "EUR"
[[step]]
page = "talk"
repeat = 2
limit = "1h"
score = "pay"
fields = [
    {name = "offer", ask = "Your offer", kind = "integer", min = 0, max = 10},
    {name = "why", ask = "Why?", kind = "text", required = false},
]
"""
PAYS = """
def pay(room):
    return room.said("offer")
"""
DAY_TWO = """
title = "Day two"
[lobby]
seat = "pairs"
[door]
ids = ["PROLIFIC_PID"]
[[room]]
name = "pair"
seats = {any = 2}
[pay]
base = 3.00
currency = "EUR"
[[step]]
page = "again"
limit = "1h"
on_end = "together"
score = "more"
results = [
    {name = "sum", ask = "Your offers together", kind = "integer"},
    {name = "quote", ask = "You said", kind = "text"},
]
fields = [{name = "change", ask = "Would you change it?", kind = "choice", options = ["Yes", "No"]}]
[[step]]
page = "end"
limit = "1h"
show = [{field = "sum", of = "me"}]
fields = [{name = "mood", ask = "How was it?", kind = "scale", min = 1, max = 5}]
"""
KNOWS = """
def together(room):
    offers = {seat.slot: sum(seat.earlier.rounds("offer").values()) for seat in room.seats}
    said = {seat.slot: seat.earlier.said("why") or "nothing" for seat in room.seats}
    return {"sum": offers, "quote": {slot: f"“{words}”" for slot, words in said.items()}}


def more(room):
    return {seat.slot: seat.earlier.earned / 2 for seat in room.seats if seat.earlier}


from networklab import Group


def pairs(lobby):
    by_offer = sorted(lobby.waiting, key=lambda one: one.earlier.said("offer") or 0)
    groups = []
    for one, other in zip(by_offer[::2], by_offer[1::2]):
        reason = f"they offered {one.earlier.said('offer')} and {other.earlier.said('offer')}"
        groups.append(Group("pair", [one.player, other.player], reason))
    return groups
"""
AGAIN = """{% extends "player/_step_opened.html" %}
{% block before %}
{% if earlier %}
<p>Yesterday, at {{ earlier.age }}, you offered {{ earlier.rounds("offer")[1] }} and then {{ earlier.offer }},
and were paid {{ earlier.pay | money(place.study) }}.</p>
{% else %}<p>You are new here.</p>{% endif %}
{% endblock %}
"""
FIRST = {"study.toml": DAY_ONE, "hooks.py": PAYS, "pages/talk.html": PAGE}
SECOND = {"study.toml": DAY_TWO, "hooks.py": KNOWS, "pages/again.html": AGAIN, "pages/end.html": PAGE}


def as_bytes(files: Mapping[str, str]) -> dict[str, bytes]:
    return {path: text.encode() for path, text in files.items()}


def folder(shell: Shell, name: str, files: Mapping[str, str]) -> Path:
    for path, text in files.items():
        there = shell.folder / name / path
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_text(text, encoding="utf-8")
    return shell.folder / name


def goes_on(shell: Shell, first: Opened, *more: str, files: Mapping[str, str] = SECOND) -> dict[str, Any]:
    """`open --from`, as it is typed; what it says as JSON."""
    where = folder(shell, f"from-{first.id}", files)
    ended = shell.type("open", where, "--from", first.id, "--json", *more)
    assert ended.returncode == 0, ended.stderr
    told: dict[str, Any] = json.loads(ended.stdout)
    if shell.house.sessions is not None:
        shell.house.sessions.append(told["session"])
    return told


async def all_of_day_one(guests: Sequence[Guest], offers: Mapping[str, Sequence[int]]) -> None:
    """They come in, are seated two by two, and answer both rounds; each by label offers so much."""
    for one in guests:
        assert (await one.sign_in({"age": "30"})).status == 303
    await day_one(guests, offers)


async def day_one(guests: Sequence[Guest], offers: Mapping[str, Sequence[int]]) -> None:
    for nth in range(2):
        for one in guests:
            await one.shows(f"round {nth + 1} of 2")
            said = {"offer": str(offers[one.label][nth]), "why": f"{one.label} likes plums"}
            assert (await one.answer(said)).status in (200, 303)
    for one in guests:
        await one.shows("COMPLETE")


def numbers(house: House, session_id: str) -> dict[str, int]:
    return dict(house.sql("select label, id from player where session_id = %s", session_id))
