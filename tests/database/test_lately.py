"""How long things took of late."""

from __future__ import annotations

import time

from app.database.lately import LATELY, MOST, Lately


def test_what_took_long_is_told_for_a_minute_and_then_forgotten() -> None:
    took = Lately()
    took.append(2.7)
    assert took.seconds() == [2.7]
    assert took.seconds(time.monotonic() + LATELY + 1) == []


def test_of_very_many_the_newest_are_told() -> None:
    took = Lately()
    for number in range(MOST + 5):
        took.append(number)
    assert took.seconds() == list(range(5, MOST + 5))
