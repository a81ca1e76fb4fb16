"""A whole number, stored as "42" or "-7". `min` and `max` are the least and the largest one; both may be absent.

`unit` is what it is a number of, such as years.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar

from app.study.languages.texts import Sentence
from app.study.model.fields import Field, FieldError, OwnKeys
from app.study.model.kinds.limited import Limited
from app.study.model.kinds.number import MOST_DIGITS, Number, limits, plain_digits, read_unit, within

_WHOLE = re.compile(r"[+-]?[0-9]+")


class Integer(Number):
    called = "a whole number"
    __slots__ = ()
    also_called: ClassVar[tuple[str, ...]] = ("int", "whole", "count")
    own_keys: ClassVar[OwnKeys] = {"unit": read_unit}
    is_whole = True
    check_limit = Limited.check_limit

    def take(self, field: Field, text: str) -> str:
        digits = plain_digits(text)
        if not _WHOLE.fullmatch(digits) or len(digits) > MOST_DIGITS:
            raise FieldError(_asked(field))
        value = int(digits)
        if not within(field, value):
            raise FieldError(_asked(field))
        return str(value)

    def in_form(self, field: Field, value: str) -> str:
        return value

    def value(self, field: Field, stored: str) -> Any:
        return int(stored)

    def check_given(self, field: Field, number: Decimal) -> None:
        if number != int(number):
            raise ValueError(f"`{field.name}` must be a whole number, and is {number}")

    def guess(self, field: Field, chance: random.Random, others: Sequence[int]) -> str:
        low = field.min if field.min is not None else Decimal(0)
        high = field.max if field.max is not None else low + 100
        return str(round(chance.triangular(int(low.to_integral_value()), int(high.to_integral_value()))))


INTEGER = Integer("integer")


def _asked(field: Field) -> Sentence:
    there = limits(field)
    if len(there) == 2:
        return Sentence("Please give a whole number from %(min)s to %(max)s.", **there)
    if "min" in there:
        return Sentence("Please give a whole number that is %(min)s or more.", **there)
    if "max" in there:
        return Sentence("Please give a whole number that is %(max)s or less.", **there)
    return Sentence("Please give a whole number.")
