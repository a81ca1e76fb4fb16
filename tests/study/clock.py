"""A kind of field that is made up here: a time of day, stored as "07:30". A hook gets the minutes since midnight."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Any, ClassVar

from app.study.languages.texts import Sentence
from app.study.model.fields import Field, FieldError, Kind, OwnKeys
from app.study.syntax.table import Table

DAY = 24 * 60  # minutes
TEMPLATE = """\
<input type="time" id="{{ id }}" {{ common | attributes }} step="{{ one.more.every * 60 }}" value="{{ value }}">
"""


def _every(table: Table, key: str) -> int:
    return table.whole(key, default=1, largest=DAY)


class Clock(Kind):
    __slots__ = ()
    own_keys: ClassVar[OwnKeys] = {"every": _every}
    also_called = ("time", "hour")
    when_empty = Sentence("Please give a time.")

    def check(self, table: Table, field: Field) -> None:
        if DAY % field.more["every"]:
            table.wrong("every", "A day can't be cut into such parts.", "Write every = 15.")

    def take(self, field: Field, text: str) -> str:
        found = re.fullmatch(r"(\d{1,2}):(\d{2})", text)
        minutes = int(found[1]) * 60 + int(found[2]) if found else DAY
        if minutes >= DAY or minutes % field.more["every"]:
            raise FieldError(Sentence("Please give a time such as 07:30."))
        return _written(minutes)

    def shape(self, field: Field) -> str:
        return ", as hours and minutes"

    def type_of(self, field: Field) -> Any:
        return int

    def value(self, field: Field, stored: str) -> Any:
        return int(stored[:2]) * 60 + int(stored[3:])

    def stored(self, field: Field, value: Any) -> str:
        if type(value) is not int or not 0 <= value < DAY:
            raise ValueError(f"`{field.name}` must be minutes since midnight, and is {value!r}")
        return _written(value)

    def guess(self, field: Field, chance: random.Random, others: Sequence[int]) -> str:
        return _written(chance.randrange(0, DAY, field.more["every"]))


CLOCK = Clock("clock")


def _written(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
