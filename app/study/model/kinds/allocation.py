"""Parts that add up to `total`, one for each of its `options`, stored as JSON: {"For me":60,"For them":40}.

`min` and `max` are the least and the most of one part, 0 unless said and no limit; `decimals` how fine a part is, and
`unit` what it is of. Where some parts are given, those left empty are 0.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar

from app.study.languages.texts import Sentence
from app.study.model.fields import OPTIONS, Field, FieldError, OwnKeys, Unanswered, plain_number
from app.study.model.kinds.choice import check_options
from app.study.model.kinds.number import NUMBER, decimals_key, plain_digits, read_unit
from app.study.model.kinds.rows import Rows
from app.study.model.pictures import BarChart, means_by, of_means
from app.study.syntax.table import Table


class Allocation(Rows):
    called = "parts that add up"
    __slots__ = ()
    keys = ("options", "min", "max")
    lists = OPTIONS
    own_keys: ClassVar[OwnKeys] = {
        "total": lambda table, key: table.decimal(key),
        "decimals": decimals_key,
        "unit": read_unit,
    }
    also_called = ("split", "shares", "constant_sum", "sum", "budget", "distribution")
    has_right_answer = False
    in_each_row = Sentence("Please give each of them a part.")

    def check(self, table: Table, field: Field) -> None:
        check_options(table, field)
        total, low, high = field.more["total"], self.least(field), field.max
        if total is None:
            if table.sound("total"):
                table.missing("total", "An allocation needs a `total`.", "Add total = 100.")
            return
        parts = len(field.options)
        if total <= 0:
            table.wrong("total", "`total` must be more than 0.", "Write total = 100.")
        elif field.takes_list:
            for key in ("min", "max"):
                if table.has(key):
                    drawn = "How many parts there are is known only as the page is drawn"
                    sentence = f"{drawn}, so `{key}` may leave no way to make the total."
                    table.wrong(key, sentence, "Remove it, or list the options here.")
        elif low * parts > total:
            sentence = f"{parts} parts of {plain_number(low)} or more are more than the total, {plain_number(total)}."
            table.wrong("min", sentence, "Make `min` smaller.")
        elif high is not None and high * parts < total:
            sentence = f"{parts} parts of {plain_number(high)} or less are less than the total, {plain_number(total)}."
            table.wrong("max", sentence, "Make `max` larger.")
        for key, number in (("total", total), ("min", low), ("max", high)):
            if number is not None and table.sound(key) and number != number.quantize(self._step(field)):
                sentence = f"`{key}` is {plain_number(number)}, which is finer than a part can be."
                table.wrong(key, sentence, "Write decimals = 2, or a rounder number.")

    def rows(self, field: Field) -> tuple[str, ...]:
        return field.options

    def total(self, field: Field) -> Decimal:
        return Decimal(field.more.get("total") or 0)

    def least(self, field: Field) -> Decimal:
        return Decimal(0) if field.min is None else field.min

    def needs_all(self, field: Field) -> bool:
        return False

    def read(self, field: Field, raw: Sequence[str]) -> str:
        if field.required and not any(text.strip() for text in raw):
            raise Unanswered(self.in_each_row)
        return super().read(field, raw)

    def take_in_row(self, field: Field, text: str) -> str:
        return NUMBER.take(self._of_a_part(field), text)

    def check_all(self, field: Field, said: Mapping[str, str]) -> None:
        total, now = self.total(field), sum(map(Decimal, said.values()), Decimal(0))
        if now != total:
            sentence = "These must add up to %(total)s; they make %(now)s now."
            raise FieldError(Sentence(sentence, total=_plain(total), now=_plain(now)))
        if len(said) < len(field.options) and self.least(field) > 0:
            raise FieldError(self.in_each_row)

    def pack(self, field: Field, said: Mapping[str, str]) -> str:
        filled = {row: said.get(row, "0") for row in field.options} if said else {}
        return self.pack_numbers(filled)

    def typed_sum(self, field: Field, value: str) -> Decimal:
        """Of a value that may be no right one yet."""
        numbers = (plain_digits(text).replace(",", ".") for text in self.said_in(field, value).values())
        return sum((Decimal(one) for one in numbers if one.replace(".", "", 1).isdecimal()), Decimal(0))

    def share(self, field: Field, said: str) -> float | None:
        total = self.total(field)
        return float(Decimal(said) / total) if total else None

    def type_of(self, field: Field) -> Any:
        return dict[str, int | Decimal]

    def value(self, field: Field, stored: str) -> Any:
        numbers = {row: Decimal(text) for row, text in self.said_in(field, stored).items()}
        return {row: int(one) if one == int(one) else one for row, one in numbers.items()}

    def stored(self, field: Field, value: Any) -> str:
        return self.stored_rows(field, value)

    def shape(self, field: Field) -> str:
        unit = field.more.get("unit")
        return f", as JSON: part → its size; they add up to {plain_number(self.total(field))}" + (
            f" {unit}" if unit else ""
        )

    def picture(self, field: Field, counts: Mapping[str, int]) -> BarChart:
        """The mean part of each."""
        parts = [
            (row, Decimal(part), count)
            for stored, count in counts.items()
            for row, part in self.said_in(field, stored).items()
        ]
        order = field.options or tuple(dict.fromkeys(row for row, _, _ in parts))
        return BarChart(of_means(means_by(parts, order), self.total(field)), "mean parts")

    def guess(self, field: Field, chance: random.Random, others: Sequence[int]) -> str:
        step = self._step(field)
        left, low = int(self.total(field) / step), int(self.least(field) / step)
        high = left if field.max is None else int(field.max / step)
        parts = {}
        for nth, row in enumerate(field.options, 1):
            after = len(field.options) - nth
            part = chance.randint(max(low, left - high * after), min(high, left - low * after))
            parts[row], left = plain_number(part * step), left - part
        return self.pack(field, parts)

    def slip(self, field: Field, chance: random.Random) -> str:
        said = self.said_in(field, self.guess(field, chance, ()))
        if not said:
            return ""
        row = chance.choice([*said])
        return self.pack(field, {**said, row: plain_number(Decimal(said[row]) + self._step(field))})

    def _step(self, field: Field) -> Decimal:
        return Decimal(1).scaleb(-(field.more.get("decimals") or 0))

    def _of_a_part(self, field: Field) -> Field:
        more = {"decimals": field.more.get("decimals") or 0}
        return replace(field, min=self.least(field), more=more)


ALLOCATION = Allocation("allocation")


def _plain(value: Decimal) -> Decimal:
    return Decimal(plain_number(value))
