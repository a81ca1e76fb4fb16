"""A time of day, stored as "07:30". `min` and `max` are the earliest and the latest one: min = "06:00"."""

from __future__ import annotations

import datetime
import random
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from app.study.languages.texts import Sentence
from app.study.model.fields import Field, FieldError
from app.study.model.kinds.limited import Limited
from app.study.model.kinds.number import plain_digits, within
from app.study.model.kinds.text import text_given
from app.study.syntax.table import Table

DAY = 24 * 60  # minutes
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::00(?:\.0+)?)?")


class Time(Limited):
    """Its limits are counted in minutes since midnight."""

    called = "a time of day"
    __slots__ = ()
    also_called = ("clock", "time_of_day")
    when_empty = Sentence("Please give a time.")

    def limit(self, table: Table, key: str) -> Decimal | None:
        value = table.value(key)
        if isinstance(value, datetime.time):
            return Decimal(value.hour * 60 + value.minute)
        minutes = _read(value) if isinstance(value, str) else None
        if value is not None and minutes is None:
            table.wrong(key, f"`{key}` is no time of day.", f'Write {key} = "07:30".')
        return None if minutes is None else Decimal(minutes)

    def written_limit(self, limit: Decimal) -> str:
        return _written(int(limit))

    def quoted_limit(self, limit: Decimal) -> str:
        return f'"{self.written_limit(limit)}"'

    def take(self, field: Field, text: str) -> str:
        minutes = _read(plain_digits(text))
        if minutes is None or not within(field, minutes):
            raise FieldError(_asked(field))
        return _written(minutes)

    def shape(self, field: Field) -> str:
        return ", as hours and minutes"

    def stored(self, field: Field, value: Any) -> str:
        minutes = _read(text_given(field, value))
        if minutes is None or not within(field, minutes):
            raise ValueError(f'`{field.name}` must be a time within its limits, as "07:30", and is {value!r}')
        return _written(minutes)

    def guess(self, field: Field, chance: random.Random, others: Sequence[int]) -> str:
        first, last = int(field.min or 0), DAY - 1 if field.max is None else int(field.max)
        return _written(chance.randint(first, last))

    def number_of(self, field: Field, stored: str) -> Decimal | None:
        minutes = _read(stored)
        return None if minutes is None else Decimal(minutes)

    def slip(self, field: Field, chance: random.Random) -> str:
        late = [_written(int(field.max) + 1)] if field.max is not None and field.max < DAY - 1 else []
        return chance.choice([*late, "25:00", "noon"])


TIME = Time("time")


def _read(text: str) -> int | None:
    found = _TIME.fullmatch(text)
    minutes = int(found[1]) * 60 + int(found[2]) if found and int(found[2]) < 60 else DAY
    return minutes if minutes < DAY else None


def _written(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _asked(field: Field) -> Sentence:
    limits = (("min", field.min), ("max", field.max))
    there = {name: _written(int(limit)) for name, limit in limits if limit is not None}
    if len(there) == 2:
        return Sentence("Please give a time from %(min)s to %(max)s.", **there)
    if "min" in there:
        return Sentence("Please give a time that is %(min)s or later.", **there)
    if "max" in there:
        return Sentence("Please give a time that is %(max)s or earlier.", **there)
    return Sentence("Please give a time such as %(example)s.", example="07:30")
