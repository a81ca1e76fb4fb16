"""One of some `options`, stored as it is written. `swatches` are the colours that they are shown as, one for each."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from app.study.languages.texts import Sentence
from app.study.model.fields import OPTIONS, Field, FieldError, Kind
from app.study.model.kinds.text import text_given
from app.study.syntax.mistakes import did_you_mean
from app.study.syntax.table import Table

MOST_OPTIONS = 200
CHOOSE = Sentence("Please choose one of the answers.")

# Colours that app.css has, of Okabe & Ito (2008), "Color Universal Design", whom colour-blind eyes can tell apart.
SWATCHES = ("red", "orange", "yellow", "green", "sky", "blue", "pink", "black", "grey", "white")


class Choice(Kind):
    called = "one of"
    __slots__ = ()
    keys = ("options", "swatches")
    also_called = ("select", "radio", "dropdown", "option", "options", "single")
    is_group = True
    is_radio = True
    lists = OPTIONS
    when_empty = CHOOSE

    def check(self, table: Table, field: Field) -> None:
        check_options(table, field)
        if field.swatches and table.sound("options"):
            _check_swatches(table, field)

    def take(self, field: Field, text: str) -> str:
        if text not in field.options:
            raise FieldError(CHOOSE)
        return text

    def stored(self, field: Field, value: Any) -> str:
        text = text_given(field, value)
        if text not in field.options:
            raise ValueError(f"`{field.name}` must be one of its options, and is {text!r}")
        return text

    def guess(self, field: Field, chance: random.Random, others: Sequence[int]) -> str:
        return chance.choice(field.options) if field.options else ""

    def slip(self, field: Field, chance: random.Random) -> str:
        return "".join(field.options) + "?"


CHOICE = Choice("choice")


def check_options(table: Table, field: Field) -> None:
    if len(field.options) < 2 and table.sound("options"):
        table.wrong("options", "This needs at least two options.", 'Add options = ["…", "…"].')
    elif len(field.options) > MOST_OPTIONS:
        sentence = f"There are {len(field.options)} options, and {MOST_OPTIONS} is the most."
        table.wrong("options", sentence, 'Ask in two steps, or write kind = "text".')


def _check_swatches(table: Table, field: Field) -> None:
    for index, swatch in enumerate(field.swatches):
        if swatch not in SWATCHES:
            place = (*table.path, "swatches", index)
            table.findings.wrong(place, f"There is no swatch `{swatch}`.", did_you_mean(swatch, SWATCHES))
            return
    if len(field.swatches) != len(field.options):
        swatches = "1 swatch" if len(field.swatches) == 1 else f"{len(field.swatches)} swatches"
        sentence = f"There are {len(field.options)} options and {swatches}."
        table.wrong("swatches", sentence, "Give each option one, in the same order.")
