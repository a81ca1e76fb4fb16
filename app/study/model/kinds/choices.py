"""Several of some `options`, stored as a JSON list in their order: ["Radio","Friends"].

`min` and `max` are the fewest and the most that may be chosen.
"""

from __future__ import annotations

import json
import random
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from app.study.languages.texts import Sentence
from app.study.model.fields import OPTIONS, Field, FieldError, Form, Kind, Unanswered, plain_number, tidy
from app.study.model.kinds.choice import CHOOSE, check_options
from app.study.model.listed import listed_in, packed
from app.study.model.pictures import BarChart, counted, of_counts, of_most
from app.study.syntax.table import Table


class Choices(Kind):
    limits_count = " of them"
    called = "any of"
    __slots__ = ()
    keys: ClassVar[tuple[str, ...]] = ("options", "min", "max")
    also_called: ClassVar[tuple[str, ...]] = ("multiple", "checkboxes", "multi", "several")
    is_group = True
    holds_several = True
    lists: ClassVar[str] = OPTIONS
    when_empty = CHOOSE

    def check(self, table: Table, field: Field) -> None:
        check_options(table, field)
        for key, limit in (("min", field.min), ("max", field.max)):
            if limit is not None and (limit != int(limit) or not 0 <= limit <= len(field.options)):
                there = f"there are {len(field.options)} options to choose from"
                table.wrong(key, f"`{key}` is {plain_number(limit)}, but {there}.", f"Write {key} = 1.")
        if field.min is not None and field.max is not None and field.min > field.max:
            table.wrong("min", "`min` is more than `max`, so no answer fits.", "Make `min` smaller.")

    def typed(self, field: Field, form: Form) -> str:
        return json.dumps(list(form.get(field.name, ())))

    def read(self, field: Field, raw: Sequence[str]) -> str:
        """`raw` is what was ticked, or one canonical value."""
        given = [text for text in map(tidy, raw) if text]
        if len(given) == 1:
            given = self.items(given[0]) or given
        if given:
            return packed(self.chosen(field, given))
        if field.required:
            raise Unanswered(self.when_empty)
        return ""

    def chosen(self, field: Field, given: Sequence[str]) -> list[str]:
        """Raises FieldError."""
        if any(one not in field.options for one in given):
            raise FieldError(CHOOSE)
        chosen = [option for option in field.options if option in given]
        least = min(int(field.min or 0), len(field.options))
        if len(chosen) < least:
            raise FieldError(Sentence("Please choose at least %(least)s.", least=least))
        if field.max is not None and len(chosen) > field.max:
            raise FieldError(Sentence("Please choose at most %(most)s.", most=int(field.max)))
        return chosen

    def shown(self, field: Field, value: str) -> str:
        return ", ".join(map(field.worded, self.items(value)))

    def items(self, value: str) -> list[str]:
        return listed_in(value)

    def type_of(self, field: Field) -> Any:
        return tuple[str, ...]

    def value(self, field: Field, stored: str) -> Any:
        return tuple(self.items(stored))

    def stored(self, field: Field, value: Any) -> str:
        if not isinstance(value, (tuple, frozenset)) or not all(one in field.options for one in value):
            raise ValueError(f"`{field.name}` must be a list of its options, and is {value!r}")
        return packed(self.given(field, value))

    def given(self, field: Field, value: Collection[str]) -> list[str]:
        """By a hook, in the order in which they are stored. Raises ValueError."""
        return [option for option in field.options if option in value]

    def picture(self, field: Field, counts: Mapping[str, int]) -> BarChart:
        chosen = counted((one, count) for stored, count in counts.items() for one in self.items(stored))
        total = sum(counts.values())
        if field.takes_list:
            return of_most(chosen, total)
        return BarChart(of_counts([(one, chosen.get(one, 0)) for one in field.options], total))

    def guess(self, field: Field, chance: random.Random, others: Sequence[int]) -> str:
        there = len(field.options)
        fewest, most = min(int(field.min or 1), there), min(int(field.max or there), there)
        return packed(chance.sample(field.options, chance.randint(fewest, max(fewest, most))))

    def slip(self, field: Field, chance: random.Random) -> str:
        return packed(["".join(field.options) + "?"])


CHOICES = Choices("choices")
