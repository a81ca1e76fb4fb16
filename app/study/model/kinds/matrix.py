"""The same scale, or the same `options`, in each of several `rows`, stored as JSON: {"The talk":5,"The pay":2}.

`min` and `max` are the ends of the scale, `low` and `high` the words at these.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar

from app.study.languages.texts import Sentence
from app.study.model.fields import Field, FieldError, OwnKeys
from app.study.model.kinds.choice import CHOICE, check_options
from app.study.model.kinds.rows import MOST_ROWS, Rows
from app.study.model.kinds.scale import SCALE
from app.study.model.pictures import BarChart, counted, means_by, of_counts, of_means
from app.study.syntax.table import Table

_CHOOSE = Sentence("Please choose one of the answers in each row.")


class Matrix(Rows):
    called = "the same in each of several rows"
    __slots__ = ()
    keys = ("options", "min", "max", "low", "high")
    lists = "rows"
    own_keys: ClassVar[OwnKeys] = {"rows": lambda table, key: table.texts(key)}
    also_called = ("grid", "table", "battery", "items")
    has_right_answer = False

    def check(self, table: Table, field: Field) -> None:
        if field.takes_list:
            pass  # however many there will be
        elif not field.more["rows"] and table.sound("rows"):
            table.missing("rows", "A matrix needs `rows`.", 'Add rows = ["The talk", "The pay"].')
        elif len(field.more["rows"]) > MOST_ROWS:
            sentence = f"There are {len(field.more['rows'])} rows, and {MOST_ROWS} is the most."
            table.wrong("rows", sentence, "Ask in two questions.")
        if not table.has("options"):
            SCALE.check(table, field)
            return
        check_options(table, field)
        for key in ("min", "max", "low", "high"):
            if table.has(key):
                sentence = f"Its rows are answered with its options, so `{key}` means nothing."
                table.wrong(key, sentence, "Remove it, or the options.")

    def rows(self, field: Field) -> tuple[str, ...]:
        return tuple(field.more.get("rows", ()))

    def listing(self, field: Field, texts: Sequence[str]) -> Field:
        return replace(field, more={**field.more, "rows": tuple(texts)})

    def take_in_row(self, field: Field, text: str) -> str:
        try:
            return (CHOICE if field.options else SCALE).take(field, text)
        except FieldError:
            raise FieldError(_CHOOSE) from None

    def pack(self, field: Field, said: Mapping[str, str]) -> str:
        if field.options:
            return super().pack(field, said)
        return self.pack_numbers(said)

    def share(self, field: Field, said: str) -> float | None:
        low, high = field.min, field.max
        if field.options or low is None or high is None or high <= low:
            return None
        return float((Decimal(said) - low) / (high - low))

    def type_of(self, field: Field) -> Any:
        return dict[str, str] if field.options else dict[str, int]

    def value(self, field: Field, stored: str) -> Any:
        said = self.said_in(field, stored)
        return said if field.options else {row: int(text) for row, text in said.items()}

    def stored(self, field: Field, value: Any) -> str:
        return self.stored_rows(field, value)

    def shape(self, field: Field) -> str:
        rows = f", of {' | '.join(self.rows(field))}" if self.rows(field) else ""
        return f", as JSON: row → what was said there{rows}"

    def picture(self, field: Field, counts: Mapping[str, int]) -> BarChart:
        """The mean of each row, or how many gave which answer there."""
        said = [(self.said_in(field, stored), count) for stored, count in counts.items()]
        rows = self.rows(field) or tuple(dict.fromkeys(row for by_row, _ in said for row in by_row))
        if field.options:
            wanted = [f"{row}: {option}" for row in rows for option in field.options]
            found = counted((f"{row}: {one}", count) for by_row, count in said for row, one in by_row.items())
            return BarChart(of_counts([(one, found.get(one, 0)) for one in wanted], sum(counts.values())))
        points = [(row, Decimal(one), count) for by_row, count in said for row, one in by_row.items()]
        return BarChart(of_means(means_by(points, rows), field.max or Decimal(1)), "means")

    def guess(self, field: Field, chance: random.Random, others: Sequence[int]) -> str:
        kind = CHOICE if field.options else SCALE
        return self.pack(field, {row: kind.guess(field, chance, ()) for row in self.rows(field)})

    def slip(self, field: Field, chance: random.Random) -> str:
        said = self.said_in(field, self.guess(field, chance, ()))
        if not said:
            return ""
        if field.required and len(said) > 1 and chance.random() < 0.5:
            said.pop(chance.choice([*said]))
            return self.pack(field, said)
        row = chance.choice([*said])
        return self.pack(
            field, {**said, row: "never ever" if field.options else str(int(field.max or 0) + 1)}
        )


MATRIX = Matrix("matrix")
