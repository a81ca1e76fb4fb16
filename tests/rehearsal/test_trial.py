"""Stories of hooks that are tried before anybody has come, at what people do alone. Of rooms: tests/study/hooks."""

from __future__ import annotations

import asyncio

import pytest

from app.rehearsal.trial import try_hooks
from app.study.reading import parse
from tests.house.studies import as_files

STUDY = """
title = "Told of all"
[[treatment]]
name = "frame"
levels = ["gain", "loss"]
at = "door"
[[before]]
page = "talk"
name = "guess"
when = "framed"
fields = [{name = "first", ask = "?", kind = "integer", min = 1, max = 9}]
[[room]]
name = "pair"
seats = {any = 2}
[[step]]
page = "talk"
limit = "20s"
fields = [{name = "last", ask = "?", kind = "integer", min = 1, max = 9}]
on_end = "moved"
results = [{name = "way", ask = "How far they moved", kind = "integer"}]
[[after]]
page = "talk"
name = "about"
score = "prize"
fields = [{name = "mood", ask = "?", kind = "integer", min = 1, max = 7}]
"""
HOOKS = """
def framed(room):
    return {seat.slot for seat in room.seats if seat.treatment["frame"] in ("gain", "loss")}


def moved(room):
    first = room.said("first", step="guess")
    return {"way": {slot: last - first[slot] for slot, last in room.said("last").items()}}


def prize(room):
    return {1: abs(room.said("way", step="talk")[1])}
"""


def told(hooks: str) -> list[tuple[str, bool]]:
    return [(one.sentence, one.grave) for one in asyncio.run(try_hooks(parse(as_files(STUDY, hooks))))]


def test_a_hook_of_one_part_knows_what_was_said_in_those_before() -> None:
    assert [sentence for sentence, grave in told(HOOKS) if grave] == []


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('in ("gain", "loss")', "in 5", "`framed` fails in [[before]]"),
        ('"way", step="talk")[1]', '"way", step="talk")[2]', "`prize` fails in [[after]]"),
    ],
)
def test_what_fails_where_somebody_is_alone_is_told_with_where(old: str, new: str, sentence: str) -> None:
    assert old in HOOKS
    assert any(sentence in one for one, _ in told(HOOKS.replace(old, new)))
