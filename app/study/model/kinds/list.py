"""Some texts in an order, as a hook gives them: nobody is asked for them. Stored as a JSON list: ["Ann","Ben"]."""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from app.study.model.fields import DONT_KNOW, Field, Kind, plain_number
from app.study.model.listed import listed_in, packed

MOST = 200  # texts
LONGEST = 200  # characters of one
LARGEST = 4000  # bytes of all, as they are stored: they come back with each form whose options they are


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
        wanted = f"`{field.name}` must be a list of texts, each once"
        if not isinstance(value, tuple):
            raise ValueError(f"{wanted}, and is {value!r}"[:300])
        texts = [_text(one) for one in value]
        if len(set(texts)) < len(texts) or "" in texts or DONT_KNOW in texts:
            raise ValueError(f"{wanted}, and is {value!r}"[:300])
        stored = packed(texts)
        if len(texts) > MOST or any(len(one) > LONGEST for one in texts) or len(stored.encode()) > LARGEST:
            most = f"at most {MOST} texts of at most {LONGEST} characters, {LARGEST:,} bytes in all"
            raise ValueError(f"`{field.name}` must be {most}")
        return stored

    def guess(self, field: Field, chance: random.Random, others: Sequence[int]) -> str:
        return packed(["Option 1", "Option 2", "Option 3"])


LIST = List("list")


def _text(given: Any) -> str:
    """ "" of what can't be read on a page."""
    if isinstance(given, int | Decimal) and not isinstance(given, bool):
        return plain_number(Decimal(given))
    return given.strip() if isinstance(given, str) and given.strip().isprintable() else ""
