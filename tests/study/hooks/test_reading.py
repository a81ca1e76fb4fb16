"""What `check` finds in hooks.py by reading it: types that can't be, and names that `room` and `lobby` don't have."""

from __future__ import annotations

import pytest

from app.study.reading import check
from tests.house.studies import PAGE

STUDY = """
title = "Reading"
types = ["red", "blue"]
[entry]
fields = [{name = "age", ask = "Your age", kind = "integer"}]
[[room]]
name = "mixed"
seats = {red = 2, blue = 2}
[lobby]
seat = "groups"
[network]
kind = "ring"
rewire_by = "wire"
[dropout]
silent = "20s"
then = ["bot"]
bot = "play"
[[treatment]]
name = "pay"
levels = ["low", "high"]
[[treatment]]
name = "frame"
levels = ["gain", "loss"]
by = "player"
[[step]]
page = "talk"
repeat = 3
limit = "60s"
when = "asked"
on_timeout = "hook"
on_end = "settle"
score = "payoff"
fields = [
    {name = "belief", ask = "How sure are you?", kind = "integer", min = 0, max = 100},
    {name = "source", ask = "Who told you?", kind = "choice", options = ["A friend", "The news"]},
    {name = "tie", ask = "Whom?", kind = "each", of = "others", options = ["Yes", "No"]},
]
show = [{hook = "hint", ask = "A hint"}]
results = [{name = "share", ask = "Your share", kind = "number"}]
"""
HOOKS = {
    "groups": "def groups(lobby):\n    return []\n",
    "wire": "def wire(room):\n    return []\n",
    "play": "def play(room, slot, questions):\n    return {}\n",
    "asked": "def asked(room):\n    return True\n",
    "on_timeout": "def on_timeout(room):\n    return {}\n",
    "settle": "def settle(room):\n    return {}\n",
    "payoff": "def payoff(room):\n    return {}\n",
    "others": "def others(room):\n    return {}\n",
    "hint": "def hint(room):\n    return {}\n",
}


WRONG = r"""
def payoff(room):
    return {1: room.rond}
> hooks.py:2:21: A room has no `rond`. Did you mean `round`?

def payoff(room):
    r = room
    return {1: r.rond}
> hooks.py:3:18: A room has no `rond`.

def payoff(ä, /):
    'ä'; return {1: ä.rond}
> hooks.py:2:23: A room has no `rond`.

def payoff(room):
    return {1: room.belief}
> Write room.said("belief") for what was answered.

def payoff(room):
    return {s.slot: s.aliass for s in room.seats}
> A seat has no `aliass`. Did you mean `alias`?

def payoff(room):
    return {s.slot: s.age for s in room.seats}
> Write .entry["age"] for what was answered at the door.

def payoff(room):
    for tie in room.ties:
        tie.form
    return {}
> A tie has no `form`.

def payoff(room):
    first, *_ = sorted(room.seats, key=lambda s: s.slot)
    return _give(room)
def _give(a):
    return {1: a.earnd[1]}
> A room has no `earnd`. Did you mean `earned`?

def payoff(room):
    def inner():
        return room.rond
    return {1: inner()}
> A room has no `rond`.

def payoff(room):
    for s in room.seats:
        s.slot
    for s in room.seats:
        s.slto
    return {}
> hooks.py:5:11: A seat has no `slto`.

def groups(lobby):
    return [one.entri for one in lobby.waiting]
> A waiting has no `entri`. Did you mean `entry`?

def play(room, slot, questions):
    return {q.nam: 1 for q in questions}
> A question has no `nam`. Did you mean `name`?

def payoff(room):
    room.slots.append(3)
    return {}
> `room.slots` is a tuple, which has no `append`. It can't be changed: list(room.slots) makes a list of it.

def payoff(room):
    return {1: room.seats.slot}
> Each seat in it has one.

def payoff(room):
    return {1: room.dice().randit(1, 6)}
> has no `randit`. Did you mean `randint`?

def payoff(room):
    return {1: room.seat().slot}
> `seat` can't be called so: missing a required argument: 'slot'. Write room.seat(slot).

def payoff(room):
    return {1: len(room.neighbours(1, 2))}
> `neighbours` can't be called so: too many positional arguments. Write room.neighbours(slot).

def payoff(room):
    return room.said('share', rond=1)
> unexpected keyword argument 'rond'. Write room.said(name, round=None, step=None).

def payoff(room):
    return {s.slot: len(room.neighbours(s)) for s in room.seats}
> `neighbours` takes int as `slot`, and is given a seat. Write s.slot.

def payoff(room):
    return room.said('share', round='last')
> `said` takes int | None as `round`, and is given a str.

def payoff(room):
    return room.said['share']
> `room.said` is a function, and is not called. Write room.said('share').

def payoff(room):
    return {one: 1 for one in room.neighbours}
> Write room.neighbours(slot).

def payoff(room):
    return {one: 1 for one in room.slots()}
> `room.slots` is no function. Write room.slots.

from networklab import Group
def groups(lobby):
    return [Group('mixed')]
> `Group` can't be called so: missing a required argument: 'players'.

def payoff(room):
    return room.said('belif')
> hooks.py:2:23: Nothing is asked or computed as `belif`, so this is always empty. Did you mean `belief`?

def payoff(room):
    return room.said('age')
> note: hooks.py:2:23: Nothing is asked or computed as `age`, so this is always empty. It is asked at the door:
> write room.seat(slot).entry["age"].

def payoff(room):
    return room.said('share', step='tallk')
> There is no step `tallk`. Did you mean `talk`?

def payoff(room):
    return {1: room.seat(2).entry['agee']}
> hooks.py:2:36: The entry form does not ask `agee`. Did you mean `age`?

def payoff(room):
    return {1: room.seat(2).entry['belief']}
> It is asked at `talk`: write room.said("belief").

def payoff(room):
    return {1: room.treatment['frame'] == 'gain'}
> `frame` is drawn for each player, and not for the room.

def payoff(room):
    return {1: 1 if room.treatment['pay'] == 'hihg' else 2}
> note: hooks.py:2:47: It is never `hihg` here. Did you mean `high`?

def payoff(room):
    return {1: 1 if room.step == 'tallk' else 2}
> note: hooks.py:2:35: It is never `tallk` here. Did you mean `talk`?

def payoff(room):
    return {s: 1 for s, said in room.said('source').items() if said == 'A frend'}
> It is never `A frend` here. Did you mean `A friend`?

def groups(lobby):
    return [one for one in lobby.waiting if lobby.rooms['mixd'] < 3]
> There is no kind of room `mixd`. Did you mean `mixed`?

def groups(lobby):
    return [one for one in lobby.waiting if one.type == 'rde']
> It is never `rde` here. Did you mean `red`?

from networklab import Room
def payoff(room: Room) -> dict[int, float]:
    return {}
> hooks.py:2:27: `payoff` returns `dict[int, float]`, and `score` takes dict[int, Decimal | int]. A float is not
> exact. Write -> dict[int, Decimal | int].

def payoff(room: dict):
    return {}
> hooks.py:1:18: `room` is given as Room, and can't be `dict`. Write room: Room.

def payoff(room) -> dict[str, int]:
    return {}
> `payoff` returns `dict[str, int]`

def payoff(room) -> None:
    return {}
> `payoff` returns `None`

def asked(room) -> str:
    return ''
> `when` takes bool | set[int]. Write -> bool | set[int].

from collections.abc import Iterator
def asked(room) -> Iterator[int]:
    yield 1
> `asked` returns `Iterator[int]`

def settle(room) -> dict[int, int]:
    return {}
> `on_end` takes dict[str, dict[int, int | Decimal]]

def wire(room) -> dict[int, int]:
    return {}
> `rewire_by` takes list[tuple[int, int] | tuple[int, int, float] | Tie]

def hint(room) -> dict[int, int]:
    return {}
> `hook` takes dict[int, str]

def play(slot, room, questions):
    return {}
> `play` is given room, slot, questions, in this order. Write def play(room, slot, questions):

def play(room, slot: str, questions: tuple):
    return {}
> `slot` is given as int, and can't be `str`.

import random
def payoff(room):
    return {1: random.choice([1, 2])}
> note: hooks.py:3:16: `random.choice` gives something else each time, also where a room tries again. Write
> room.dice("…"), which gives the same again.

from random import randint as roll
def payoff(room):
    return {1: roll(1, 6)}
> hooks.py:3:16: `random.randint` gives something else each time

from datetime import datetime
def payoff(room):
    return {1: datetime.now().hour}
> hooks.py:3:16: `datetime.datetime.now` gives something else each time, also where a room tries again.

import numpy as np
def payoff(room):
    return {1: 1}
> hooks.py:1:8: Hooks have Python's own library and networklab, and not `numpy`.

calls = 0
def payoff(room):
    global calls
    calls += 1
    return {1: calls}
> note: hooks.py:3:5: Nothing stays from one call of a hook to the next, so this is always as the file has it.

def payoff(room):
    return {slot: room.seats[slot].slot for slot in room.slots}
> note: hooks.py:2:30: Slots count from 1, and `room.seats` from 0. Write room.seat(slot).

from networklab import Rooom
> hooks.py:1:24: networklab has no `Rooom`. Did you mean `Room`?

def payoff(room: Room):
    return {}
> hooks.py:1:18: `Room` is not known here. Write from networklab import Room at the top.
"""
RIGHT = r"""
from __future__ import annotations
def payoff(room: Room) -> dict[int, Decimal]:
    return {}

import networklab as nl
def payoff(room: nl.Room) -> 'dict[int, int]':
    return {s: 0 for s in room.slots}

def payoff(room: object) -> dict:
    return dict(room.said('share', room.round - 1))

from typing import Any, Mapping, Optional
def payoff(room: Any) -> Optional[Mapping[int, Any]]:
    return {}

from collections import Counter, defaultdict
def payoff(room) -> Counter[int]:
    return Counter(room.slots)
def settle(room) -> defaultdict[str, dict[int, int]]:
    return defaultdict(dict)

def asked(room) -> list[int]:
    return list(room.slots)
def wire(room) -> set[tuple[int, ...]]:
    return set()

def payoff(room):
    room = vars(room) if False else room
    return {1: room.anything}

def payoff(room):
    seat = room.seat(1)
    seat = {'x': 1}
    return {1: seat.copy()['x']}

def payoff(room):
    try:
        return {1: room.newer}
    except AttributeError:
        return {}

def payoff(room):
    return {1: 1 if hasattr(room, 'newer') and room.newer else 0}

def payoff(room):
    return {s.slot: s.entry.get('age', 0) for s in room.seats if s.entry.get('age')}

def payoff(room):
    return {1: room.seat(1).entry['other'] if 'other' in room.seat(1).entry else 0}

def payoff(room):
    return {s: len(room.said('tie').get(s, {})) for s in room.slots}

def payoff(room):
    return {s: n for n, (s, _) in enumerate(sorted(room.said('share').items()))}

def payoff(room):
    return _sum(room.said, room)
def _sum(said, *rest):
    return said('share')

def payoff(room):
    return {x.slot: 1 for x in filter(_gone, room.seats)}
def _gone(seat):
    return seat.anything

import random, time
from datetime import datetime, timedelta
def payoff(room):
    then = datetime(2026, 1, 1) + timedelta(days=room.round)
    return {1: random.Random(room.seed).randint(1, 6) + then.day + room.dice().choice([1, 2])}

import random
def payoff(room):
    random.seed(room.seed)
    return {1: random.randint(1, 6)}

class Room:
    pass
def payoff(room: Room):
    return {1: room.round}

def payoff(room):
    with open('x') as room:
        return room.read()

def payoff(room):
    return {1: room.treatment['pay'] == 'high' and room.seat(1).treatment['pay'] == 'low'}

def payoff(room, more=3):
    return {1: more}

def payoff(*rooms, **more):
    return {1: rooms[0].round}

def payoff(room):
    a, b = room.slots[:2]
    return {a: room.earned.get(a, 0), b: room.earned[b].quantize(1)}

def payoff(room):
    match room:
        case object(round=room):
            return {1: room.real}
"""


def told(source: str) -> list[str]:
    """What is told of a hooks.py that has these functions, and all others as they should be."""
    rest = "".join(text for name, text in HOOKS.items() if f"def {name}(" not in source)
    files = {"study.toml": STUDY, "pages/talk.html": PAGE, "hooks.py": f"{source}{rest}# pay, frame\n"}
    return [
        ("" if one.grave else "note: ") + str(one)
        for one in check({name: text.encode() for name, text in files.items()})
    ]


def _cases(text: str) -> list[str]:
    return text.strip("\n").split("\n\n")


@pytest.mark.parametrize("case", _cases(WRONG))
def test_what_cannot_be_is_told_with_its_place_and_a_cure(case: str) -> None:
    source, _, said = case.partition("\n> ")
    [found] = told(f"{source}\n")
    assert said.replace("\n> ", " ") in found


@pytest.mark.parametrize("source", _cases(RIGHT))
def test_what_may_well_be_is_left_to_the_trial(source: str) -> None:
    assert told(f"{source}\n") == []


AFTERWARDS = """
title = "Rounds"
[[room]]
name = "pair"
seats = {any = 2}
[[step]]
page = "talk"
repeat = 3
limit = "60s"
score = "each_round"
fields = [{name = "belief", ask = "How sure are you?", kind = "integer"}]
[[step]]
page = "talk"
name = "last"
limit = "60s"
score = "at_the_end"
fields = [{name = "mood", ask = "How was it?", kind = "integer"}]
"""
EACH_ROUND = 'def each_round(room):\n    return dict(room.said("belief"))\n'


@pytest.mark.parametrize(
    ("asks", "told"),
    [
        (
            'room.said("belief")',
            [
                "At `last` this is what was said in round 1, and `belief` has 3 rounds of its own. "
                "Say which is meant: round=3 for the last, round=1 for the first."
            ],
        ),
        ('room.said("belief", round=3)', []),
        ('room.said("belief", 3)', []),
        ('room.said("mood")', []),
    ],
)
def test_what_was_said_in_rounds_is_asked_for_by_round_where_they_are_over(
    asks: str, told: list[str]
) -> None:
    hooks = f"{EACH_ROUND}def at_the_end(room):\n    return dict({asks})\n"
    found = check(
        {"study.toml": AFTERWARDS.encode(), "pages/talk.html": PAGE.encode(), "hooks.py": hooks.encode()}
    )
    assert [
        f"{one.sentence} {one.suggestion}" for one in found if "rounds of its own" in one.sentence
    ] == told
    assert not any(one.grave for one in found)
