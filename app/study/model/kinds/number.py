"""A decimal number, with a point or a comma, stored as "3.5". `min` and `max` are the least and the largest one,
`decimals` how many it has at most, and `unit` what it is a number of, such as cm.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, ClassVar

from app.study.languages.texts import Sentence
from app.study.model.fields import Field, FieldError, OwnKeys, plain_number
from app.study.model.kinds.limited import Limited
from app.study.syntax.table import MOST_DECIMALS, Table

MOST_DIGITS = 18  # that are typed
MOST_DIGITS_GIVEN = 15  # by a hook, before the point

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)")
_SIGNS = str.maketrans("−＋－．，٫٬", "-+-.,.,")
_OTHER_WAY_ROUND = str.maketrans(",.", ".,")
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]*)?")


def read_unit(table: Table, key: str) -> str:
    return table.text(key, default="", longest=20)


def decimals_key(table: Table, key: str) -> int | None:
    return table.whole(key, 0, smallest=0, largest=MOST_DECIMALS) if table.has(key) else None


class Number(Limited):
    called = "a number"
    __slots__ = ()
    own_keys: ClassVar[OwnKeys] = {"decimals": decimals_key, "unit": read_unit}
    also_called: ClassVar[tuple[str, ...]] = ("float", "decimal", "real", "numeric")
    is_number = True

    def check_limit(self, table: Table, key: str, limit: Decimal | None) -> None:
        """Any will do."""

    def check_span(self, table: Table, low: Decimal, high: Decimal) -> None:
        super().check_span(table, low, high)
        decimals = table.values.get("decimals")
        if low > high or not isinstance(decimals, int) or not table.sound("decimals"):
            return
        if low.quantize(_finest(decimals), ROUND_CEILING) > high:
            sentence = f"No number with at most {decimals} decimals is between `min` and `max`."
            table.wrong("decimals", sentence, f"Write decimals = {decimals + 1}, or other limits.")

    def take(self, field: Field, text: str) -> str:
        digits = plain_digits(text)
        # "1,500" may be a thousand and a half or one and a half: only the player knows. So may "1.500" in German.
        if _THOUSANDS.fullmatch(digits if field.point == "." else digits.translate(_OTHER_WAY_ROUND)):
            raise FieldError(Sentence("Please write it without a comma for thousands, such as 1500 or 1.5."))
        if not _DECIMAL.fullmatch(digits) or len(digits) > MOST_DIGITS:
            raise FieldError(_asked(field))
        value = Decimal(digits.replace(",", "."))
        decimals = field.more.get("decimals")
        if decimals is not None and has_more_decimals(value, decimals):
            if not decimals:
                raise FieldError(Sentence("Please write it without decimals."))
            example = Decimal("1." + "234567891234"[:decimals])
            raise FieldError(
                Sentence("Please write it with as many decimals as %(example)s at most.", example=example)
            )
        if not within(field, value):
            raise FieldError(_asked(field))
        return plain_number(value)

    def in_form(self, field: Field, value: str) -> str:
        return value.replace(".", field.point)

    def shown(self, field: Field, value: str) -> str:
        unit, written = field.more.get("unit", ""), self.in_form(field, value)
        if unit and field.more.get("unit_first"):
            return f"{unit}\N{NO-BREAK SPACE}{written}" if unit[-1].isalpha() else f"{unit}{written}"
        return f"{written}\N{NO-BREAK SPACE}{unit}" if unit else written

    def shape(self, field: Field) -> str:
        unit, decimals = field.more.get("unit", ""), field.more.get("decimals")
        fine = "" if decimals is None else f", with at most {decimals} decimals"
        return fine + (f", in {unit}" if unit else "")

    def type_of(self, field: Field) -> Any:
        return int | Decimal

    def value(self, field: Field, stored: str) -> Any:
        return Decimal(stored)

    def stored(self, field: Field, value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
            cure = ": write Decimal, or round()" if isinstance(value, float) else ""
            raise ValueError(f"`{field.name}` must be a number, int or Decimal, and is {value!r}{cure}")
        number = Decimal(value)
        if not number.is_finite() or abs(number) >= 10**MOST_DIGITS_GIVEN:
            raise ValueError(f"{field.name} is {number}")
        self.check_given(field, number)
        if not within(field, number):
            raise ValueError(f"`{field.name}` is {value}, outside its limits")
        decimals = field.more.get("decimals")
        if decimals is not None and has_more_decimals(number, decimals):
            raise ValueError(f"`{field.name}` is {value}, with more than {decimals} decimals: round it")
        return plain_number(number)

    def check_given(self, field: Field, number: Decimal) -> None:
        """Raises ValueError for a number that a hook must not give here, whatever the limits."""

    def guess(self, field: Field, chance: random.Random, others: Sequence[int]) -> str:
        least = Decimal(0) if field.min is None else field.min
        width = Decimal(100) if field.max is None else field.max - least
        drawn, decimals = least + width * chance.randint(0, 10) / 10, field.more.get("decimals")
        if decimals is not None:
            up, down = (drawn.quantize(_finest(decimals), how) for how in (ROUND_CEILING, ROUND_FLOOR))
            drawn = up if within(field, up) else down
        return str(drawn)

    def slip(self, field: Field, chance: random.Random) -> str:
        outside = [str(field.max + 1)] if field.max is not None else []
        return chance.choice([*outside, *([str(field.min - 1)] if field.min is not None else []), "many"])


NUMBER = Number("number")


def plain_digits(text: str) -> str:
    """ASCII digits and signs for those of other scripts and keyboards, such as full-width ones."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(character, character)) for character in text.translate(_SIGNS))


def has_more_decimals(value: Decimal, decimals: int) -> bool:
    return len(f"{value:f}".rstrip("0").partition(".")[2]) > decimals


def _finest(decimals: int) -> Decimal:
    return Decimal(1).scaleb(-decimals)


def within(field: Field, value: Decimal | int) -> bool:
    return (field.min is None or value >= field.min) and (field.max is None or value <= field.max)


def limits(field: Field) -> dict[str, Decimal]:
    """Those that there are, as a sentence has them."""
    return {
        name: limit.normalize() + 0
        for name, limit in (("min", field.min), ("max", field.max))
        if limit is not None
    }


def _asked(field: Field) -> Sentence:
    there = limits(field)
    if len(there) == 2:
        return Sentence("Please give a number from %(min)s to %(max)s.", **there)
    if "min" in there:
        return Sentence("Please give a number that is %(min)s or more.", **there)
    if "max" in there:
        return Sentence("Please give a number that is %(max)s or less.", **there)
    return Sentence("Please give a number.")
