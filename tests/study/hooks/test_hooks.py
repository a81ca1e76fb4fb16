"""Hooks in their own process: what they may do, and what becomes of those that may not."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from app.config import PROJECT
from app.rehearsal.trial import try_hooks
from app.study.hooks.networklab import Room, Said, Seat, Tie, pack, unpack
from app.study.hooks.pool import HookError, Hooks
from app.study.model.study import Study
from app.study.reading import check, parse
from tests.house.studies import PAGE, TALK, as_files

ROOM = Room(
    name="mixed-1",
    kind="mixed",
    number=1,
    seed=7,
    step="talk",
    round=2,
    rounds=3,
    seats=(Seat(1, "Ash", "red", entry={"age": 41}), Seat(2, "Birch", "blue", plays=False)),
    ties=(Tie(1, 2), Tie(2, 1, 0.5)),
    all_said=(
        Said("talk", 1, 1, "belief", 40),
        Said("talk", 2, 1, "belief", 60),
        Said("talk", 2, 2, "belief", 10),
    ),
)
SOURCE = """
import statistics
from decimal import Decimal

from networklab import Room

calls = []

def means(room: Room) -> dict[int, Decimal]:
    print("for", room.name)
    return {slot: Decimal(room.said("belief")[other]) / 4 for slot in room.slots for other in room.neighbours(slot)}

def before(room):
    return [room.said("belief", round=1), room.seat(1).entry["age"], statistics.mean([1, 2, 3])]

def chance(room):
    return room.dice().random()

def counts(room):
    calls.append(1)
    return len(calls)

def loops(room):
    while True: pass

def loops_on(room):
    while True:
        try:
            while True: pass
        except Exception:
            pass

def eats(room):
    eaten = []
    while True:
        eaten.append([0] * 10**8)

def raises(room):
    return room.said("belief")[9]

def thing(room):
    return object()

def prints(room):
    print("x" * 10_000_000)
    return "done"

def opens(room):
    return open("/etc/hostname").read()

def opens_anyway(room):
    try:
        open("/etc/hostname")
    except PermissionError:
        return open("/etc/hostname").read()

def calls_out(room):
    import socket
    socket.create_connection(("127.0.0.1", 9))

def runs(room):
    import os
    os.system("true")

def long(room):
    return "x" * 5_000_000

def leaves(room):
    raise SystemExit

def sinks(room):
    return sinks(room)
"""


def study_with(source: str) -> Study:
    toml = TALK.replace('chat = "neighbours"', 'chat = "neighbours"\nwhen = "means"')
    return parse(as_files(toml, source), opened=True)


@pytest.fixture(scope="module")
def study() -> Study:
    return study_with(SOURCE)


@pytest.fixture
def desk() -> Iterator[Any]:
    """Asks hooks, in one loop, and ends their processes."""
    hooks = Hooks(seconds=1)

    async def closed() -> None:
        await hooks.retire(0)

    with asyncio.Runner() as runner:

        def ask(study: Study, hook: str, *more: Any) -> Any:
            return runner.run(hooks.call(study, hook, ROOM, *more))

        yield ask
        runner.run(closed())


def failure(desk: Any, study: Study, hook: str) -> str:
    with pytest.raises(HookError) as raised:
        desk(study, hook)
    return str(raised.value)


def test_a_hook_gets_what_was_said_and_gives_exact_numbers(desk: Any, study: Study) -> None:
    assert desk(study, "means") == {1: Decimal("2.5"), 2: Decimal(15)}
    assert desk(study, "before") == ({1: 40}, 41, 2)


def test_values_go_through_the_pipe_as_they_are(desk: Any) -> None:
    for value in (ROOM, {1: Decimal("0.10"), "a": (True, None)}, frozenset({1, 2}), 2**70, 1.5, ("é", "\0")):
        assert unpack(pack(value)) == value


def test_chance_comes_from_the_room_and_nothing_stays_of_a_call(desk: Any, study: Study) -> None:
    assert desk(study, "chance") == desk(study, "chance")
    assert [desk(study, "counts"), desk(study, "counts")] == [1, 1]


@pytest.mark.parametrize(
    ("hook", "line", "said"),
    [
        ("loops", 24, "did not end within 1 s"),
        ("loops_on", 29, "did not end within 1 s"),
        ("eats", 36, "more than 256 MB of memory"),
        ("raises", 39, "KeyError: 9"),
        ("thing", 42, "a object is nothing that a hook can return"),
        ("opens", 49, "can't open a file (/etc/hostname)"),
        ("opens_anyway", 55, "can't open a file (/etc/hostname)"),
        ("calls_out", 59, "can't do this (socket."),
        ("runs", 63, "can't do this (os.system)"),
        ("long", 66, "longer than 1,000,000 bytes"),
        ("leaves", 69, "tried to end the program"),
        ("sinks", 72, "RecursionError"),
        ("missing", 0, "has no attribute 'missing'"),
    ],
)
def test_a_hook_that_fails_says_where_and_the_next_call_works(
    desk: Any, study: Study, hook: str, line: int, said: str
) -> None:
    told = failure(desk, study, hook)
    assert said in told
    assert told.startswith(f"hooks.py:{line}: `{hook}`" if line else f"hooks.py: `{hook}`"), told
    assert desk(study, "counts") == 1


def test_what_a_failing_hook_was_given_and_printed_is_told(desk: Any, study: Study) -> None:
    source = SOURCE + "\ndef says(room):\n    print('here', room.round)\n    return 1 / 0\n"
    with pytest.raises(HookError) as raised:
        desk(study_with(source), "says")
    assert raised.value.failure.printed == "here 2\n"
    assert raised.value.failure.values.startswith("Room(name='mixed-1'")


def test_ten_megabytes_of_print_cost_nothing(desk: Any, study: Study) -> None:
    assert desk(study, "prints") == "done"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def f(room:\n", "hooks.py:1: `f`: '(' was never closed"),
        ("x = 1\nwhile True:\n    pass\n", "hooks.py:2: `f`: it did not end within 1 s"),
        ("import app.database\n", "No module named 'app'"),
        ("import psycopg\n", "No module named 'psycopg'"),
    ],
)
def test_hooks_that_cannot_be_read_say_why(desk: Any, source: str, said: str) -> None:
    toml = TALK
    study = parse(as_files(toml))
    files = dict(study.files) | {"hooks.py": source.encode()}
    object.__setattr__(study, "files", files)
    told = failure(desk, study, "f")
    assert said in told


def test_the_trust_game_of_the_documentation_is_a_study_without_a_mistake() -> None:
    text = (PROJECT / "docs" / "hooks.md").read_text(encoding="utf-8")
    toml, hooks = (
        re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)[-1] for language in ("toml", "python")
    )
    files = {
        "study.toml": f'title = "Trust"\n[[room]]\nname = "pair"\nseats = {{any = 2}}\n{toml}'.encode(),
        "hooks.py": hooks.encode(),
        "pages/send.html": PAGE.encode(),
        "pages/back.html": PAGE.encode(),
    }
    assert check(files) == []


@pytest.mark.parametrize(
    ("hooks", "told"),
    [
        (
            "def settle(room):\n    return {'payoff': {1: 1 / 0}}\n",
            "hooks.py:2:5: `settle` fails in a made-up room `mixed`",
        ),
        (
            "def settle(room):\n    return {'payoff': {9: 1}}\n",
            "hooks.py:2:5: `settle` fails in a made-up room `mixed`: 9 is no slot of this room: it has 1, 2, 3, 4.",
        ),
        (
            "def settle(room):\n    return {'payoff': {1: 0.5}}\n",
            "must be a number, int or Decimal, and is 0.5",
        ),
        ("def settle(room):\n    return vars(room)['sayd']\n", "`settle` fails in a made-up room"),
        ("def settle(room):\n    return {'payoff': room.said('belief')}\n", ""),
    ],
)
def test_check_calls_each_hook_on_rooms_that_it_makes_up(hooks: str, told: str) -> None:
    toml = TALK.replace(
        'chat = "neighbours"',
        'on_end = "settle"\nresults = [{name = "payoff", ask = "You earned", kind = "number"}]',
    )
    files = as_files(toml, hooks)
    found = asyncio.run(try_hooks(parse(files)))
    assert told in str(found[0]) if told else not found


BY_THE_SECOND = """from decimal import Decimal
from networklab import Accept


def moves(room, move):
    return Accept(results={"m": {move.slot: MADE}})


def ends(room):
    return {"m": dict.fromkeys(room.slots, ENDED)}
"""
MARKET_BY_THE_SECOND = """
title = "By the second"
[[room]]
name = "pair"
seats = {any = 2}
[[step]]
page = "talk"
limit = "40s"
on_move = "moves"
on_end = "ends"
results = [{name = "m", ask = "M", kind = "money"}]
[[step.move]]
name = "bid"
"""
MOVED, LASTED = "Decimal(str(move.at))", "Decimal(str(room.at))"


@pytest.mark.parametrize(
    ("made", "ended", "told"),
    [
        (f"round({MOVED}, 2)", f"round({LASTED}, 2)", ""),
        (
            f"round({MOVED}, 2)",
            LASTED,
            "`ends` fails in a made-up room `pair`: `m` is 39.876543, with more than",
        ),
        (
            MOVED,
            f"round({LASTED}, 2)",
            "`moves` fails in a made-up room `pair`: `m` is 0.123457, with more than",
        ),
    ],
)
def test_in_a_made_up_room_no_time_is_whole_as_in_a_session(made: str, ended: str, told: str) -> None:
    files = as_files(MARKET_BY_THE_SECOND, BY_THE_SECOND.replace("MADE", made).replace("ENDED", ended))
    found = [str(one) for one in asyncio.run(try_hooks(parse(files)))]
    assert told in found[0] if told else not found


EVERYTHING = """
title = "Everything"
[entry]
fields = [{name = "age", ask = "Your age", kind = "integer", min = 18, max = 99}]
[[room]]
name = "four"
seats = {any = 4}
[lobby]
seat = "groups"
[network]
kind = "ring"
rewire_by = "wire"
[role]
deal = {sender = 2, receiver = 2}
change = "each_round"
[dropout]
silent = "20s"
then = ["bot"]
bot = "play"
[[treatment]]
name = "pay"
levels = ["low", "high"]
[[step]]
page = "talk"
name = "before"
limit = "60s"
[[step]]
page = "talk"
repeat = 3
limit = "60s"
only = {role = "sender"}
score = "payoff"
fields = [
    {name = "belief", ask = "How sure are you?", kind = "integer", min = 0, max = 100},
    {name = "trust", ask = "Whom do you trust?", kind = "each", options = ["Yes", "No"]},
]
"""
ALL_HOOKS = """
from networklab import Group

def groups(lobby):
    waves = {one.given["wave"] for one in lobby.waiting}
    assert all(map(int, waves))
    return [Group("four", [one.player for one in lobby.waiting[:4]])] if len(lobby.waiting) > 3 else []

def wire(room):
    return [(1, 2), (2, 3), (3, 4)][: room.round + 1]

def play(room, slot, questions):
    trust = {other: "Yes" for other in questions[1].others}
    return {"belief": room.seat(slot).entry["age"] + int(room.seat(slot).given.get('wave', "")), "trust": trust}

def payoff(room):
    factor = {"low": 1, "high": 2}[room.treatment["pay"]] * {"low": 1, "high": 2}[room.seat(1).treatment["pay"]]
    roles = room.said("role")
    senders = [slot for slot, role in roles.items() if role == "sender"]
    before = room.earned[senders[0]] if room.round == 3 else 0
    trusts = {slot: set(said) <= set(room.neighbours(slot)) for slot, said in room.said("trust").items()}
    assert all(trusts.values())
    return {slot: factor * room.said("belief").get(slot, 0) + before for slot in senders}
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("", "", ""),
        ('["low", "high"]', '["low", "mid"]', "KeyError: 'mid'"),
        ("[:4]", "[:3]", "`groups` fails in a made-up lobby: a room 'four' has 4 seats, and 3 people"),
        (" if len(lobby.waiting) > 3 else []", "", "hooks.py:7:5: `groups` fails in a made-up lobby"),
        ('"belief": room', '"believe": room', "`play` fails in a made-up room `four`: it answers `believe`"),
        ("(1, 2), (2, 3)", "(1, 5), (2, 3)", "`wire` fails in a made-up room `four`"),
        (
            ".get(slot, 0) + before for slot in senders",
            "[slot] + before for slot in senders if not room.seat(slot).bot",
            "note: hooks.py:23:5: `payoff` fails in a made-up room `four` where slot 4 never answers: KeyError: 4."
            " Read it with .get(slot), or say in on_timeout what stands for a missing answer.",
        ),
    ],
)
def test_a_trial_has_roles_treatments_bots_a_lobby_and_somebody_who_is_silent(
    old: str, new: str, said: str
) -> None:
    assert old in EVERYTHING + ALL_HOOKS
    toml, hooks = (text.replace(old, new) for text in (EVERYTHING, ALL_HOOKS))
    files = as_files(toml, hooks)
    found = [f"{'' if one.grave else 'note: '}{one}" for one in asyncio.run(try_hooks(parse(files)))]
    assert len(found) == bool(said) and all(said in one for one in found), found


STRANGERS = """
title = "Strangers"
[[room]]
name = "four"
seats = {any = 4}
[network]
kind = "pairs"
each_round = "new"
[[step]]
page = "talk"
repeat = 3
limit = "60s"
fields = [{name = "sure", ask = "How sure are you?", kind = "integer", min = 0, max = 100}]
score = "met"
"""
MET = b"""
def met(room):
    assert room.neighbours(1) == ({1: 4, 2: 3, 3: 2}[room.round],)
    return {slot: room.round for slot in room.slots}
"""


def test_a_trial_has_the_pairs_that_the_study_plans_for_each_round_as_rooms_do() -> None:
    study = parse({"study.toml": STRANGERS.encode(), "pages/talk.html": PAGE.encode(), "hooks.py": MET})
    assert [study.networks[0].ties(4, 1, nth=nth)[0].to_slot for nth in (1, 2, 3)] == [4, 3, 2]
    assert asyncio.run(try_hooks(study)) == []
