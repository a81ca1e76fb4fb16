"""What a study's hook makes of values that a story gives it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

from app.study.hooks.networklab import Accept, Packed, Room, Seat, unpack
from app.study.hooks.pool import Hooks
from app.study.model.study import Study
from app.study.reading import parse
from tests.house.studies import TALK, as_files

T = TypeVar("T")
ROOM = Room("mixed-1", "mixed", 1, 7, "talk", 1, 3, (Seat(1, "Ash", "red"),))
TRIES = """
from collections import Counter
from functools import cache

kept, counted, times = [], Counter(), 0

def means(room, mine=[]):
    global times
    times += 1
    kept.append(room.name)
    mine.append(room.name)
    counted.update([room.name])
    room.seats[0].entry["mine"] = room.seats[0].entry.get("mine", 0) + 1
    earlier = room.seats[0].earlier
    earlier.entry["mine"] = earlier.entry.get("mine", 0) + 1
    entry = room.seats[0].entry
    return [times, len(kept), len(mine), counted[room.name], twice(2), entry["mine"], earlier.entry["mine"]]

@cache
def twice(number):
    kept.append(number)
    return 2 * len(kept)

def fails(room):
    return 1 / 0

def eats(room):
    return len([0] * 15_000_000)
"""
FIRST = (1, 1, 1, 1, 4, 1, 1)  # what `means` says in a turn that nothing is left for


def call_hook(study: Study, hook: str, *given: Any) -> Any:
    """In a process of its own, as in a session."""

    async def call() -> Any:
        hooks = Hooks()
        try:
            return await hooks.call(study, hook, *given)
        finally:
            await hooks.retire(0)

    return asyncio.run(call())


def as_kept(found: Any) -> Any:
    """With its state as the study finds it at the next move: on the way there it stays packed."""
    if isinstance(found, Accept) and isinstance(found.state, Packed):
        return replace(found, state=unpack(found.state.packed))
    return found


def study_with(source: str) -> Study:
    """One whose hook `means` says when its step is shown."""
    toml = TALK.replace('chat = "neighbours"', 'chat = "neighbours"\nwhen = "means"')
    return parse(as_files(toml, source), opened=True)


def told(story: Callable[[Hooks], Awaitable[T]], seconds: float = 1) -> T:
    """What a story finds out of hooks whose processes end with it."""

    async def tell() -> T:
        pool = Hooks(seconds)
        try:
            return await story(pool)
        finally:
            await pool.retire(0)

    return asyncio.run(tell())
