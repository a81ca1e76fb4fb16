"""Kinds whose answers `min` and `max` limit."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from app.study.model.fields import Field, Kind
from app.study.syntax.table import Table


class Limited(Kind):
    """In whole numbers, unless a kind says otherwise."""

    __slots__ = ()
    keys: ClassVar[tuple[str, ...]] = ("min", "max")

    def check(self, table: Table, field: Field) -> None:
        if not (table.sound("min") and table.sound("max")):
            return
        self.check_limit(table, "min", field.min)
        self.check_limit(table, "max", field.max)
        if field.min is not None and field.max is not None and table.sound("min") and table.sound("max"):
            self.check_span(table, field.min, field.max)

    def quoted_limit(self, limit: Decimal) -> str:
        """As it stands in study.toml."""
        return self.written_limit(limit)

    def check_limit(self, table: Table, key: str, limit: Decimal | None) -> None:
        if limit is not None and limit != int(limit):
            sentence = f"`{key}` is {limit}, but must be a whole number here."
            table.wrong(key, sentence, f"Write {key} = {int(limit)}.")

    def check_span(self, table: Table, low: Decimal, high: Decimal) -> None:
        if low > high:
            sentence = f"`min` is {self.written_limit(low)} and `max` is {self.written_limit(high)}, so no answer fits."
            table.wrong(
                "min", sentence, f"Write min = {self.quoted_limit(high)} and max = {self.quoted_limit(low)}."
            )
