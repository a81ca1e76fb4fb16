"""A few whole numbers, each a radio button, stored as "4"."""

from __future__ import annotations

from decimal import Decimal

from app.study.languages.texts import Sentence
from app.study.model.kinds.slider import Slider
from app.study.syntax.table import Table

MOST_POINTS = 11


class Scale(Slider):
    called = "a point of a scale"
    __slots__ = ()
    also_called = ("likert", "rating")
    is_group = True
    is_radio = True
    when_empty = Sentence("Please choose one of the numbers.")

    def check_span(self, table: Table, low: Decimal, high: Decimal) -> None:
        points = high - low + 1
        if points > MOST_POINTS:
            cure = f'Write kind = "slider", or have at most {MOST_POINTS} points.'
            table.wrong("max", f"A scale of {points} points does not fit on a phone.", cure)
        super().check_span(table, low, high)


SCALE = Scale("scale")
