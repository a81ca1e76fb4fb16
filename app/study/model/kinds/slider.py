"""A whole number between two ends, stored as "64". `low` and `high` are the words at these."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from app.study.model.fields import OwnKeys, plain_number
from app.study.model.kinds.integer import Integer
from app.study.syntax.table import Table


class Slider(Integer):
    called = "a whole number on a line"
    __slots__ = ()
    keys: ClassVar[tuple[str, ...]] = ("min", "max", "low", "high")
    own_keys: ClassVar[OwnKeys] = {}
    also_called: ClassVar[tuple[str, ...]] = ("range", "vas")

    def check_limit(self, table: Table, key: str, limit: Decimal | None) -> None:
        if limit is None:
            sentence = f"A {self} needs `min` and `max`, and `{key}` is missing."
            table.wrong(key, sentence, f"Add {key} = {1 if key == 'min' else 7}.")
        super().check_limit(table, key, limit)

    def check_span(self, table: Table, low: Decimal, high: Decimal) -> None:
        if low == high:
            sentence = f"`min` and `max` are both {plain_number(low)}, so there is nothing to choose."
            table.wrong("max", sentence, "Make `max` larger.")
        super().check_span(table, low, high)


SLIDER = Slider("slider")
