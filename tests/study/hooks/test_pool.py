"""What the server makes of a process of hooks that answers nonsense, does not end, or says what nothing can hold."""

from __future__ import annotations

import asyncio
import time
from dataclasses import FrozenInstanceError, replace
from decimal import Decimal
from typing import Any

import pytest

from app.study.hooks.networklab import Packed, Room, Said, Seat, Tie, pack, unpack
from app.study.hooks.pool import AT_ONCE, HookError, Hooks, HookTurn
from app.study.model.study import Study
from tests.house.hooks import study_with, told

IMPORTS = """
import bisect, collections, copy, csv, dataclasses, datetime, decimal, enum, fractions, functools, hashlib, heapq
import itertools, json, math, operator, random, re, statistics, string, textwrap, typing, zoneinfo

def later(room):
    import cmath, difflib, secrets, unicodedata, xml.etree.ElementTree, zlib
    secrets.token_hex(4)
    hashlib.sha256(b"x").hexdigest()
    return str(datetime.datetime(2026, 7, 1, tzinfo=datetime.timezone.utc).year)

def means(room):
    return 1
"""
DEAF = """
import select

def deaf(room):
    while True:
        try:
            select.select([], [], [], 60)
        except BaseException:
            pass

def means(room):
    return 1
"""
NONSENSE = """
import os
for number in range(3, 20):
    try:
        os.write(number, {written!r})
    except OSError:
        pass

def means(room):
    return 1
"""
UNSAYABLE = """
def means(room):
    print("\\0\\ud800")
    raise ValueError("\\0\\ud800" + "x" * 100_000)
"""


WORDLESS = """
class Wordless(Exception):
    def __str__(self):
        raise KeyError("none")

def means(room):
    raise Wordless
"""


KEEPS = """
import os, time

kept = []

def means(room):
    kept.append(room and room.name)
    return kept

def says(room):
    return room

def spoils(room):
    room.state["best"] = 0

def fails(room):
    kept.append("failed")
    return 1 / 0

def stays(room):
    def never(code):
        while True:
            time.sleep(1)  # the fault itself: it never goes

    os._exit = never
    return kept

def dies(room):
    os._exit(0)
"""
ROOM = Room(
    "mixed-1",
    "mixed",
    1,
    7,
    "talk",
    1,
    3,
    (Seat(1, "Ash", "red"),),
    all_said=(Said("talk", 1, 1, "sure", 4),),
)


def called(study: Study, *hooks: str) -> list[Any]:
    """What each call gives, one after the other by the same pool: the answer, or the failure."""

    async def call(pool: Hooks) -> list[Any]:
        return [await asked(pool.turn(study), hook) for hook in hooks]

    return told(call)


async def asked(turn: HookTurn, hook: str) -> Any:
    """In a turn of one call: the answer, or the failure."""
    async with turn:
        try:
            return await turn.ask(hook, lambda answer: answer, None)
        except HookError as error:
            return error.failure


def test_what_a_hook_keeps_is_there_in_the_same_turn_and_gone_in_the_next() -> None:
    async def story(pool: Hooks) -> list[Any]:
        found = []
        study = study_with(KEEPS)
        for turn in (pool.turn(study), pool.turn(study)):
            async with turn:
                found += [await turn.ask("means", lambda answer: answer, room) for room in (ROOM, None)]
        return found

    assert told(story) == [("mixed-1",), ("mixed-1", None)] * 2


@pytest.mark.parametrize(
    "source",
    [KEEPS, "def says(room):\n    return room\n"],
    ids=["hooks that keep", "hooks that keep nothing"],
)
def test_a_room_that_is_asked_about_again_arrives_as_it_is_by_then(source: str) -> None:
    grown = replace(ROOM, all_said=(*ROOM.all_said, Said("talk", 1, 2, "sure", Decimal("0.50"))))
    later = replace(grown, step="vote", ties=(Tie(1, 2),), earned={1: Decimal(3)})
    changed = replace(later, all_said=(replace(ROOM.all_said[0], value=5), *later.all_said[1:]))
    rooms = [ROOM, grown, grown, later, changed, replace(changed, all_said=()), ROOM]

    async def story(pool: Hooks) -> list[Any]:
        async with pool.turn(study_with(source)) as turn:
            return [await turn.ask("says", lambda answer: answer, room) for room in rooms]

    assert told(story) == rooms


def test_a_room_has_what_was_said_as_it_came_until_somebody_looks_at_all_of_it() -> None:
    steps = ("talk", 1, "sure"), ("vote", 1, "sure"), ("vote", 2, "sure"), ("vote", 2, "each")
    values: tuple[Any, ...] = (1, Decimal("0.5"), True, {2: "keep"})
    lines = [(*at, value) for at, value in zip(steps, values, strict=True)]
    said = [Said(step, nth, slot, name, value) for step, nth, name, value in lines for slot in (1, 2)]
    room = replace(ROOM, step="vote", round=2, all_said=tuple(said))

    def came() -> Room:
        return unpack(pack(room))  # type: ignore[no-any-return]

    for _ in range(2):
        assert came() == room and came().all_said == room.all_said and came().all_said == tuple(said)
    for given in (
        dict(name="sure"),
        dict(name="each"),
        dict(name="sure", round=1),
        dict(name="sure", round=1, step="talk"),
        dict(name="nothing"),
    ):
        assert came().said(**given) == room.said(**given)
    long = pack(replace(room, all_said=tuple(replace(said[0], round=nth) for nth in range(20_000))))
    before = time.process_time()
    assert unpack(long).said("sure", round=7) == {1: 1}
    at_once = time.process_time() - before
    before = time.process_time()
    assert len(unpack(long).all_said) == 20_000
    assert at_once < (time.process_time() - before) / 5, "it made only what was asked for"
    with pytest.raises(FrozenInstanceError):
        room.all_said = ()  # type: ignore[misc]


def test_what_a_study_keeps_goes_to_its_hook_as_it_is_stored_and_reads_as_what_it_is() -> None:
    kept = {"bids": ((3, 1),), "best": Decimal("0.50")}
    room = replace(ROOM, state=Packed(pack(kept)))

    async def story(pool: Hooks) -> None:
        async with pool.turn(study_with(KEEPS)) as turn:
            for _ in range(2):
                assert await turn.ask("says", lambda answer: answer.state, room) == kept
                await turn.ask("spoils", lambda answer: answer, room)
            with pytest.raises(HookError, match="nothing that a hook can return"):
                await turn.ask("says", lambda answer: answer.seats[9], room)
            with pytest.raises(HookError) as failed:
                await turn.ask("fails", len, room)
        assert "'bids': ((3, 1),)" in failed.value.failure.values

    told(story)


def test_after_a_failure_nothing_is_left_in_the_same_turn_either() -> None:
    async def story(pool: Hooks) -> list[Any]:
        async with pool.turn(study_with(KEEPS)) as turn:
            found = [await turn.ask("means", len, ROOM)]
            for hook in ("fails", "dies"):
                with pytest.raises(HookError):
                    await turn.ask(hook, len, ROOM)
                found.append(await turn.ask("means", len, ROOM))
            return found

    assert told(story) == [1, 1, 1]


def test_a_fork_that_stays_after_its_turn_is_ended_before_anybody_else_has_its_process() -> None:
    async def story(pool: Hooks) -> Any:
        study = study_with(KEEPS)
        stayed = await pool.call(study, "stays", None)
        assert len(pool.ending) == 1
        await pool.settled()
        assert not pool.free.get(study.sha256), "its process is ended with it"
        return stayed, await pool.call(study, "means", None)

    assert told(story) == ((), (None,))


def test_turns_of_one_study_wait_for_each_other_when_all_its_processes_are_in_use() -> None:
    async def story(pool: Hooks) -> list[Any]:
        study = study_with(KEEPS)
        turns = [asked(pool.turn(study), "means") for _ in range(3 * AT_ONCE)]
        found = await asyncio.gather(*turns)
        await pool.settled()
        return [*found, len(pool.free[study.sha256])]

    assert told(story) == [(None,)] * 3 * AT_ONCE + [AT_ONCE]


def test_the_library_can_be_imported_inside_the_walls_as_it_is_read_and_later() -> None:
    assert called(study_with(IMPORTS), "later", "means") == ["2026", 1]


def test_a_hook_that_heeds_nothing_is_ended_with_all_of_its_process_and_the_next_call_works() -> None:
    failure, after = called(study_with(DEAF), "deaf", "means")
    assert failure.sentence == "it did not end within 1 s"
    assert after == 1


@pytest.mark.parametrize(
    "written",
    [
        b"\xff\xff\xff\xff",
        b"\0\0\0\4null",
        b"\0\0\0\3[[[",
        b'\0\0\0\x0b{"line":""}',
        b"\0\0\0\1\xff",
    ],
)
def test_what_is_no_answer_loses_the_process_and_nothing_else(written: bytes) -> None:
    first, second = called(study_with(NONSENSE.format(written=written)), "means", "means")
    for one in (first, second):
        assert one == 1 or "its process was lost" in one.sentence or "nothing that a hook" in one.sentence, (
            one
        )


def test_a_sentence_that_nothing_can_hold_is_told_as_far_as_it_can_be() -> None:
    [failure] = called(study_with(UNSAYABLE), "means")
    assert failure.sentence.startswith("ValueError: \N{REPLACEMENT CHARACTER}?x")
    assert failure.printed.startswith("\N{REPLACEMENT CHARACTER}?") and len(failure.sentence) <= 4000
    failure.as_json()


def test_an_exception_whose_words_fail_is_told_by_its_name_and_line() -> None:
    [failure] = called(study_with(WORDLESS), "means")
    assert failure.sentence == "Wordless, whose words could not be read: KeyError" and failure.line == 7


def test_who_keeps_a_study_warm_has_as_many_processes_as_may_be_and_they_are_kept() -> None:
    async def story(pool: Hooks) -> None:
        study = study_with(KEEPS)
        await asyncio.gather(pool.keep_warm(study), pool.keep_warm(study))
        warm = set(pool.free[study.sha256])
        assert len(warm) == AT_ONCE
        assert await asked(pool.turn(study), "means") == (None,)
        await pool.settled()
        used = max(one.used_at for one in warm)
        await pool.keep_warm(study)
        assert set(pool.free[study.sha256]) == warm, "no others"
        assert all(one.used_at > used for one in warm), "and none of them is at rest"
        await warm.pop().end()
        await pool.keep_warm(study)
        assert len(pool.free[study.sha256]) == AT_ONCE + 1 and pool.free[study.sha256][-1] not in warm
        broken = study_with("means(")
        await pool.keep_warm(broken)
        assert broken.sha256 not in pool.free, "who can't be read is not started again and again"
        assert "never closed" in (await asked(pool.turn(broken), "means")).sentence

    told(story)
