"""Hooks that can keep nothing, and what comes of it: a fork that has turn after turn, with nothing of the last one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.config import PROJECT
from app.study.hooks.pool import HookError, Hooks
from app.study.hooks.pure import keeps_nothing
from tests.house.auction import HOOKS as AUCTION
from tests.house.hooks import FIRST, ROOM, TRIES, study_with, told
from tests.house.waits import until

AHEAD = 2  # forks that wait, as app/study/hooks/child.py has it, which only runs as a program


async def children(pool: Hooks) -> set[str]:
    """The forks of the one process there is, which makes them ahead while nobody asks it."""
    [[process]] = pool.free.values()
    assert process.process is not None
    pid = process.process.pid
    await until(lambda: len(_children_of(pid)) >= AHEAD, "as many forks as wait")
    return _children_of(pid)


def _children_of(pid: int) -> set[str]:
    return set(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def one_by_one(*hooks: str) -> list[tuple[Any, set[str]]]:
    """What each says in a turn of its own, of one process, and the forks that are there after it."""

    async def story(pool: Hooks) -> list[tuple[Any, set[str]]]:
        found = []
        for hook in hooks:
            try:
                said = await pool.call(study_with(TRIES), hook, ROOM)
            except HookError as error:
                said = error.failure.sentence
            await pool.settled()
            found.append((said, await children(pool)))
        return found

    return told(story)


def test_one_fork_has_turn_after_turn_of_hooks_that_can_keep_nothing_and_nothing_is_left_in_it() -> None:
    assert keeps_nothing(TRIES)
    found = one_by_one(*["means"] * 5)
    assert [said for said, _ in found] == [FIRST] * 5
    assert len({frozenset(forks) for _, forks in found[1:]}) == 1, "none was ended, and none made"
    [(_, forks), *_] = one_by_one("means")
    assert forks, "or else there is nothing to be seen of them"


def test_a_fork_that_failed_or_needed_much_has_no_further_turn() -> None:
    for hook, said in (("fails", "ZeroDivisionError: division by zero"), ("eats", 15_000_000)):
        found = one_by_one("means", hook, "means", "means")
        assert [one for one, _ in found] == [FIRST, said, FIRST, FIRST]
        before, after = found[0][1], found[1][1]
        assert before - after, f"after `{hook}` a fork is gone that was there before"
        assert found[2][1] == found[3][1], "and then they stay again"


def test_hooks_that_may_keep_something_have_a_fork_for_each_turn() -> None:
    source = TRIES + "\nclass Counts:\n    number = 0\n"
    assert not keeps_nothing(source)

    async def story(pool: Hooks) -> list[set[str]]:
        found = []
        for _ in range(3):
            assert await pool.call(study_with(source), "means", ROOM) == FIRST
            await pool.settled()
            found.append(await children(pool))
        return found

    first, second, third = told(story)
    assert first != second != third


def test_in_one_turn_too_they_are_read_anew_for_each_call() -> None:
    async def story(pool: Hooks) -> list[Any]:
        async with pool.turn(study_with(TRIES)) as turn:
            return [await turn.ask("means", lambda answer: answer, ROOM) for _ in range(2)]

    assert told(story) == [FIRST, FIRST]


@pytest.mark.parametrize(
    "source",
    [
        "import networklab\nnetworklab.Room.name = 'x'",
        "import networklab\nkept = networklab",
        "import networklab as them\ndef f():\n    return them._nothing",
        "from networklab import NOT_KNOWN",
        "from networklab import random",
        "from networklab import *",
        "import random\nrandom.seed(1)",
        "import random\ndef f(these=random): return these",
        "from random import seed",
        "import statistics\nstatistics.random.seed(1)",
        "from . import networklab",
        "import os",
        "import sys",
        "import json",
        "import collections.abc",
        "from decimal import getcontext\ngetcontext().prec = 3",
        "import decimal\ndecimal.getcontext().prec = 3",
        "def f(room):\n    room.state = 1",
        "def f(room):\n    del room.state",
        "def f(room):\n    for room.state in (1, 2): pass",
        "def f(room):\n    [0 for room.state in (1, 2)]",
        "def f(room):\n    (room.state, other) = 1, 2",
        "def f(room):\n    room.state += 1",
        "def f(room):\n    return room.__class__",
        "def f(room):\n    return (one for one in ()).gi_frame.f_back.f_globals",
        "def f(room):\n    match room:\n        case Room(f_back=one): return one",
        "def f(room):\n    return type(room)",
        "def f(room):\n    return getattr(room, 'na' + 'me')",
        "def f(room):\n    setattr(room, 'name', 1)",
        "def f(room):\n    return vars(room)",
        "def f(room):\n    return __builtins__",
        "def f(room):\n    return __import__('os')",
        "def f(room):\n    eval('1')",
        "def f(room):\n    exec('1')",
        "def f(room):\n    return id(room)",
        "def f(room):\n    yield 1",
        "def f(room):\n    with room: pass",
        "async def f(room):\n    pass",
        "class Kept:\n    pass",
        "def f(room:",
    ],
)
def test_whatever_leads_to_more_than_its_values_has_forks(source: str) -> None:
    assert not keeps_nothing(source)


PLAIN = '''"""All that is usual."""
from __future__ import annotations

import math
import random
import statistics as st
from collections import Counter, defaultdict
from decimal import ROUND_DOWN, Decimal
from typing import Any

from networklab import Accept, Move, Refuse, Room

CENT: Decimal = Decimal("0.01")
kept: dict[int, list[str]] = {}


def pay(room: Room, *rest: Any, more: int = 1) -> dict[int, Decimal]:
    global kept
    try:
        chance = random.Random(f"{room.seed}/x").choice(room.slots)
        mean = st.mean([one for one in room.said("x").values() if one is not None] or [0])
    except (ValueError, KeyError) as error:
        raise ValueError(f"{error.args!r:>10}") from error
    found = defaultdict(list, {slot: [math.sqrt(slot)] for slot in room.slots})
    found[chance] += ["x"]
    del found[chance][0]
    match mean:
        case 0 | 1:
            return {}
        case [first, *_] if first:
            pass
    order = sorted(found, key=lambda one: -one)
    return {slot: (Decimal(len(found[slot])) / 3).quantize(CENT, ROUND_DOWN) for slot in order}


def trade(room: Room, move: Move) -> Accept | Refuse:
    if (price := move.values.get("price")) is None:
        return Refuse("No price.")
    state = {**(room.state or {}), "prices": [price]}
    return Accept(state, results={"x": dict.fromkeys(room.slots, 1)}, end=price > 3)
'''


def test_what_is_usual_in_hooks_keeps_nothing() -> None:
    assert keeps_nothing(PLAIN) and keeps_nothing(AUCTION) and keeps_nothing("")
    found = {path: keeps_nothing(path.read_text()) for path in PROJECT.glob("studies/*/hooks.py")}
    assert found and all(found.values()), found
