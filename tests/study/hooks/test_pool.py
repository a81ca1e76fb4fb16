"""What the server makes of a process of hooks that answers nonsense, does not end, or says what nothing can hold."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.study.hooks.pool import HookError, Hooks
from app.study.model.study import Study
from app.study.reading import parse
from tests.house.studies import TALK, as_files

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


def study_with(source: str) -> Study:
    toml = TALK.replace('chat = "neighbours"', 'chat = "neighbours"\nwhen = "means"')
    return parse(as_files(toml, source), opened=True)


def called(study: Study, *hooks: str) -> list[Any]:
    """What each call gives, one after the other by the same pool: the answer, or the failure."""

    async def call() -> list[Any]:
        pool, found = Hooks(seconds=1), list[Any]()
        try:
            for hook in hooks:
                try:
                    found.append(await pool.call(study, hook, None))
                except HookError as error:
                    found.append(error.failure)
        finally:
            await pool.retire(0)
        return found

    return asyncio.run(call())


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
