"""What the words on a command line mean."""

from __future__ import annotations

import argparse

import pytest

from app.commands.arguments import Refusal, refuse_empty, seconds


@pytest.mark.parametrize(
    ("written", "meant"),
    [("90s", 90), ("5 m", 300), ("1.5h", 5400), ("1m30s", 90), ("40", 40), (" 0.25 ", 0.25), ("0", 0)],
)
def test_a_time_is_written_as_in_a_study_or_as_its_seconds(written: str, meant: float) -> None:
    assert seconds(written) == meant


@pytest.mark.parametrize("written", ["", "s", "soon", "-5s", "5d", "30s 1m", "1m30", "1.s", "1e3"])
def test_what_is_no_time_is_refused(written: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is not a time; write 90s, 5m or 1h"):
        seconds(written)


@pytest.mark.parametrize(
    ("words", "after"),
    [
        (["tell", "s", "Soon.", "--player", ""], "--player"),
        (["erase", "s", "--player=", "--yes"], "--player"),
        (["start", "s", "--at", "", "--zone", "UTC"], "--at"),
        (["close", ""], "close"),
    ],
)
def test_a_word_that_is_empty_does_not_pass_for_one_that_was_left_out(words: list[str], after: str) -> None:
    with pytest.raises(Refusal, match=f"What stands after {after} is empty"):
        refuse_empty(words)


def test_words_with_blanks_and_signs_of_equality_are_no_empty_ones() -> None:
    refuse_empty(["open", "folder", "--name", " ", "--places=7", "a=", "--door"])
