"""All `options` put in order, stored as a JSON list, the first one first: ["Friends","Radio"]."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from app.study.digits import whole
from app.study.languages.texts import Sentence
from app.study.model.fields import Field, FieldError
from app.study.model.kinds.choice import MOST_OPTIONS, check_options
from app.study.model.kinds.choices import Choices
from app.study.model.listed import packed
from app.study.model.pictures import BarChart, means_by, of_means
from app.study.syntax.table import Table


class Ranking(Choices):
    """A form posts each option with its place before it: "2 Radio"."""

    called = "all of these, put in order"
    __slots__ = ()
    keys = ("options",)
    also_called = ("rank", "order", "sort")
    when_empty = Sentence("Please give each of them a place of its own.")

    def check(self, table: Table, field: Field) -> None:
        check_options(table, field)

    def chosen(self, field: Field, given: Sequence[str]) -> list[str]:
        if sorted(given) == sorted(field.options):
            return list(given)
        places: dict[str, str] = {}
        for one in given:
            place, _, option = one.partition(" ")
            places[place] = option
        order = [places.get(str(place), "") for place in range(1, len(field.options) + 1)]
        if sorted(order) != sorted(field.options) or len(given) != len(order):
            raise FieldError(self.when_empty)
        return order

    def place(self, value: str, option: str) -> int | None:
        items = self.items(value)
        for nth, item in enumerate(items, 1):
            place, _, ranked = item.partition(" ")
            if item == option:
                return nth
            if ranked == option and (said := whole(place, MOST_OPTIONS)):
                return said
        return None

    def given(self, field: Field, value: Collection[str]) -> list[str]:
        if sorted(value) != sorted(field.options):
            raise ValueError(f"`{field.name}` must rank all its options, and is {value!r}")
        return list(value)

    def picture(self, field: Field, counts: Mapping[str, int]) -> BarChart:
        """The mean place of each."""
        places = [
            (one, Decimal(nth), count)
            for stored, count in counts.items()
            for nth, one in enumerate(self.items(stored), 1)
        ]
        ranked = field.options or tuple(dict.fromkeys(one for one, _, _ in places))
        most = Decimal(len(field.options)) or max((nth for _, nth, _ in places), default=Decimal(1))
        return BarChart(of_means(means_by(places, ranked), most), "mean places")

    def guess(self, field: Field, chance: random.Random, others: Sequence[int]) -> str:
        return packed(chance.sample(field.options, len(field.options)))


RANKING = Ranking("ranking")
