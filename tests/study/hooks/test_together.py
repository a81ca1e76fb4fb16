"""Calls of hooks that can keep nothing, which go to a process together: each comes to what it would by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from app.rehearsal.programs import programs
from app.study.hooks.pool import HookError, Hooks
from app.study.hooks.processes import NO_ANSWER, Answer
from app.study.hooks.pure import keeps_nothing
from app.study.hooks.together import MOST, GroupCall
from app.study.model.study import Study
from tests.house.hooks import FIRST, ROOM, TRIES, study_with, told
from tests.house.waits import PATIENCE

HARM = """
def loops(room):
    while True:
        pass

def heeds_nothing(room):
    while True:
        try:
            while True:
                pass
        except:
            pass

def prints(room):
    print("what I saw")
    return {}["nothing"]

def talks(room):
    return "x" * 600_000
"""
WORK = """
def works(room):
    return sum(range(1_500_000))
"""


def test_what_is_asked_while_others_are_on_their_way_goes_together() -> None:
    went = list[list[bytes]]()

    async def each(messages: Sequence[bytes]) -> list[Answer]:
        went.append(list(messages))
        return [{**NO_ANSWER, "answer": one.decode()} for one in messages[:20]]

    async def alone(message: bytes) -> Answer:
        raise AssertionError

    async def story(_: Hooks) -> list[str]:
        together = GroupCall(each, alone)
        calls = [together.answer(str(number).encode()) for number in range(MOST + 3)]
        return [one["answer"] for one in await asyncio.gather(*calls)]

    assert told(story) == [str(number) for number in range(MOST + 3)]
    assert [len(one) for one in went] == [MOST, MOST - 20 + 3], "what was not got to is asked again"


def test_what_one_that_takes_its_time_has_not_got_to_goes_to_those_that_are_free() -> None:
    went = list[list[bytes]]()

    async def story(_: Hooks) -> list[str]:
        three = asyncio.Event()

        async def each(messages: Sequence[bytes]) -> list[Answer]:
            went.append(list(messages))
            if len(went) == 4:
                three.set()
            if len(went) > 1:
                await three.wait()
            return [{**NO_ANSWER, "answer": one.decode()} for one in messages[:1]]

        together = GroupCall(each, alone)
        calls = [together.answer(str(number).encode()) for number in range(7)]
        async with asyncio.timeout(PATIENCE):
            return [one["answer"] for one in await asyncio.gather(*calls)]

    async def alone(message: bytes) -> Answer:
        raise AssertionError

    assert told(story) == [str(number) for number in range(7)]
    assert [len(one) for one in went[:4]] == [7, 1, 1, 1], "three at the same time, each of one call"


def test_of_those_whose_process_is_lost_each_fails_by_itself_and_none_is_asked_that_nobody_waits_for() -> (
    None
):
    asked = list[bytes]()

    async def alone(message: bytes) -> Answer:
        asked.append(message)
        if message == b"1":
            raise ValueError("nothing of the kind")
        return {**NO_ANSWER, "answer": message.decode()}

    async def story(_: Hooks) -> list[Any]:
        async def each(messages: Sequence[bytes]) -> list[Answer]:
            calls[2].cancel()
            raise EOFError("no answer")

        together = GroupCall(each, alone)
        calls = [together.answer(str(number).encode()) for number in range(4)]
        return await asyncio.gather(*calls, return_exceptions=True)

    first, second, third, fourth = told(story)
    assert (first["answer"], fourth["answer"]) == ("0", "3")
    assert isinstance(second, ValueError) and isinstance(third, asyncio.CancelledError)
    assert asked == [b"0", b"1", b"3"]


def test_of_calls_that_go_together_each_is_a_turn_of_its_own_and_one_that_fails_fails_alone() -> None:
    study = study_with(TRIES + HARM)
    assert keeps_nothing(TRIES + HARM)
    hooks = [
        "means",
        "fails",
        *["means"] * 3,
        "loops",
        "means",
        "eats",
        "means",
        "prints",
        "talks",
        "talks",
        "means",
    ]

    async def story(pool: Hooks) -> tuple[list[Any], list[Any]]:
        await pool.keep_warm(study)
        together = await asyncio.gather(*(_said(pool, study, hook) for hook in hooks))
        return together, [await _said(pool, study, hook) for hook in hooks]

    together, alone = told(story, 0.8)  # of processor and of time: others run beside it
    assert together == alone
    assert [one for one, hook in zip(together, hooks, strict=True) if hook == "means"] == [FIRST] * 7


def test_a_hook_that_heeds_nothing_takes_none_of_those_along_that_were_asked_with_it() -> None:
    study = study_with(TRIES + HARM)

    async def story(pool: Hooks) -> list[Any]:
        hooks = ("means", "heeds_nothing", "means")
        return list(await asyncio.gather(*(_said(pool, study, hook) for hook in hooks)))

    before, failed, after = told(story, 0.2)
    assert (before, after) == (FIRST, FIRST)
    assert failed[0] == "it did not end within 0.2 s"


def test_a_fork_that_has_used_a_turns_time_of_the_processor_has_no_other_turn() -> None:
    study = study_with(TRIES + WORK)
    assert keeps_nothing(TRIES + WORK)

    async def story(pool: Hooks) -> list[dict[int, float]]:
        found = list[dict[int, float]]()
        while len(found) < 6 or (len(found) < 200 and busiest(found[4]) in found[-1]):
            assert await _said(pool, study, "works") > 0
            await pool.settled()
            [[process]] = pool.free.values()
            assert process.process is not None
            ours = process.process.pid
            found.append({one.pid: one.cpu for one in programs() if one.parent == ours})
        return found

    early, *_, last = told(story, 0.4)[4:]
    assert busiest(early) not in last


def busiest(forks: dict[int, float]) -> int:
    """Which of them has used the processors most."""
    return max(forks, key=forks.__getitem__)


async def _said(pool: Hooks, study: Study, hook: str) -> Any:
    try:
        return await pool.call(study, hook, ROOM)
    except HookError as error:
        return error.failure.sentence, error.failure.line, error.failure.printed
