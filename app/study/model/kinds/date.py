"""A day, stored as "2026-11-29". `min` and `max` are the first and the last one: min = 2026-01-01."""

from __future__ import annotations

import datetime
import random
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from babel.dates import format_date

from app.study.languages.texts import Sentence, Texts
from app.study.model.fields import Field, FieldError
from app.study.model.kinds.limited import Limited
from app.study.model.kinds.number import plain_digits, within
from app.study.model.kinds.text import text_given
from app.study.syntax.table import Table

EXAMPLE = datetime.date(2026, 1, 31)
FIRST, LAST = datetime.date(1900, 1, 1), datetime.date(2099, 12, 31)  # of those that bots give


class Date(Limited):
    """Its limits are counted in days, as `date.toordinal` counts them."""

    called = "a day"
    __slots__ = ()
    also_called = ("day", "calendar", "birthday")
    when_empty = Sentence("Please give a date.")

    def limit(self, table: Table, key: str) -> Decimal | None:
        value = table.value(key)
        day = _read(value) if isinstance(value, str) else value
        if isinstance(day, datetime.date) and not isinstance(day, datetime.datetime):
            return Decimal(day.toordinal())
        if value is not None:
            table.wrong(key, f"`{key}` is no date.", f"Write {key} = {EXAMPLE}, without quotation marks.")
        return None

    def written_limit(self, limit: Decimal) -> str:
        return _day(limit).isoformat()

    def in_language(self, field: Field, texts: Texts, currency: str) -> Field:
        return replace(field, point=texts.point, more={**field.more, "language": texts.language})

    def take(self, field: Field, text: str) -> str:
        day = _read(plain_digits(text))
        if day is None or not within(field, day.toordinal()):
            raise FieldError(_asked(field))
        return day.isoformat()

    def shown(self, field: Field, value: str) -> str:
        day, language = _read(value), field.more.get("language")
        return format_date(day, "long", locale=language) if day and language else value

    def shape(self, field: Field) -> str:
        return ", as year-month-day"

    def stored(self, field: Field, value: Any) -> str:
        day = _read(text_given(field, value))
        if day is None or not within(field, day.toordinal()):
            raise ValueError(
                f'`{field.name}` must be a date within its limits, as "{EXAMPLE}", and is {value!r}'
            )
        return day.isoformat()

    def guess(self, field: Field, chance: random.Random, others: Sequence[int]) -> str:
        first, last = (
            int(limit) if limit is not None else other.toordinal()
            for limit, other in ((field.min, FIRST), (field.max, LAST))
        )
        return _day(Decimal(chance.randint(min(first, last), max(first, last)))).isoformat()

    def number_of(self, field: Field, stored: str) -> Decimal | None:
        day = _read(stored)
        return Decimal(day.toordinal()) if day else None

    def slip(self, field: Field, chance: random.Random) -> str:
        outside = [_day(field.max + 1).isoformat()] if field.max is not None else []
        return chance.choice([*outside, "2026-02-30", "soon"])


DATE = Date("date")


def _read(text: str) -> datetime.date | None:
    try:
        return datetime.datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        return None


def _day(number: Decimal) -> datetime.date:
    return datetime.date.fromordinal(max(1, min(int(number), datetime.date.max.toordinal())))


def _asked(field: Field) -> Sentence:
    there = {
        name: _day(limit) for name, limit in (("min", field.min), ("max", field.max)) if limit is not None
    }
    if len(there) == 2:
        return Sentence("Please give a date from %(min)s to %(max)s.", **there)
    if "min" in there:
        return Sentence("Please give a date that is %(min)s or later.", **there)
    if "max" in there:
        return Sentence("Please give a date that is %(max)s or earlier.", **there)
    return Sentence("Please give a date.")
