"""Some texts in an order, as a hook gives them: nobody is asked for them. Stored as a JSON list: ["Ann","Ben"]."""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from app.study.model.fields import DONT_KNOW, Field, Kind, plain_number
from app.study.model.listed import listed_in, packed
from app.study.syntax.unseen import one_line

MOST = 200  # texts
LARGEST = 4000  # bytes of all, as they are stored: they come back with each form whose options they are
SHORTER = (200, 100, 50, 25, 12)  # characters of one, where longer ones would be more than that


class List(Kind):
    __slots__ = ()
    has_right_answer = False
    may_be_unknown = False
    holds_several = True

    def items(self, value: str) -> list[str]:
        return listed_in(value)

    def shown(self, field: Field, value: str) -> str:
        return ", ".join(self.items(value))

    def shape(self, field: Field) -> str:
        return ", a JSON list of texts"

    def type_of(self, field: Field) -> Any:
        return tuple[str, ...]

    def value(self, field: Field, stored: str) -> Any:
        return tuple(self.items(stored))

    def stored(self, field: Field, value: Any) -> str:
        """Without what nobody sees, without doubles and shortened: nobody is to stop a room by what they typed."""
        if not isinstance(value, tuple):
            raise ValueError(f"`{field.name}` must be a list of texts, and is {value!r}"[:300])
        texts = [_text(field, place, one) for place, one in enumerate(value, 1)]
        found = [one for one in dict.fromkeys(texts) if one not in ("", DONT_KNOW)]
        if len(found) > MOST:
            raise ValueError(f"`{field.name}` has {len(found):,} texts, and {MOST} is the most")
        for longest in SHORTER:
            stored = packed([*dict.fromkeys(_shortened(one, longest) for one in found)])
            if len(stored.encode()) <= LARGEST:
                return stored
        raise ValueError(f"`{field.name}` has {len(found)} texts, which have more than {LARGEST:,} bytes")

    def guess(self, field: Field, chance: random.Random, others: Sequence[int]) -> str:
        return packed(["Option 1", "Option 2", "Option 3"])


LIST = List("list")


def _text(field: Field, place: int, given: Any) -> str:
    """ "" of what can't be read on a page."""
    if isinstance(given, int | Decimal) and not isinstance(given, bool):
        return plain_number(Decimal(given))
    if not isinstance(given, str):
        raise ValueError(f"`{field.name}` must be a list of texts, and number {place} is {given!r}"[:300])
    return one_line(given)


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"
