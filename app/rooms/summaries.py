"""Many answers said in few words: a sum, a least or a most, and how many gave each answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from app.study.model.fields import Field, plain_number

MOST_BARS = 12  # numbers that differ more are counted in ranges
SUMS: dict[str, Callable[[Sequence[Decimal]], Decimal]] = {
    "sum": lambda numbers: sum(numbers, Decimal(0)),
    "min": min,
    "max": max,
}


@dataclass(frozen=True, slots=True)
class Tally:
    """How many gave an answer; `width` is their share of those who gave the most frequent one, in percent."""

    answer: str
    count: int
    width: int
    mine: bool  # whoever reads it gave it, too


def summed(field: Field, look: str, said: Sequence[str]) -> str:
    """The sum, the least or the most of stored numbers, as people write it; "" of nothing."""
    numbers = [Decimal(one) for one in said]
    return _written(field, SUMS[look](numbers)) if numbers else ""


def counted(field: Field, said: Sequence[str], mine: Sequence[str] = ()) -> tuple[Tally, ...]:
    """Of stored values, each answer that there can be in its order; of numbers that differ much, ranges.

    `mine`: those that whoever reads it gave.
    """
    if field.kind.is_number:
        return _numbers(field, [*map(Decimal, said)], [*map(Decimal, mine)])

    def answers(values: Sequence[str]) -> list[str]:
        several = field.kind.holds_several
        return [one for value in values for one in (field.items(value) if several else [field.shown(value)])]

    many = Counter(answers(said))
    every = [one if field.kind.holds_several else field.shown(one) for one in field.kind.answers(field)]
    return _lines([(one, many[one]) for one in dict.fromkeys([*every, *many])], answers(mine))


def _numbers(field: Field, said: Sequence[Decimal], mine: Sequence[Decimal]) -> tuple[Tally, ...]:
    if not said:
        return ()
    low, high = min(said), max(said)
    if field.kind.is_whole and field.min is not None and field.max is not None:
        if field.max - field.min < MOST_BARS:
            low, high = field.min, field.max
        if high - low < MOST_BARS:
            every = [Decimal(one) for one in range(int(low), int(high) + 1)]
            lines = [(_written(field, one), said.count(one)) for one in every]
            return _lines(lines, [_written(field, one) for one in mine])
    if len(set(said)) <= MOST_BARS:
        lines = [(_written(field, one), said.count(one)) for one in sorted(set(said))]
        return _lines(lines, [_written(field, one) for one in mine])
    width = _round_width(high - low)
    gap = 1 if field.kind.is_whole and width > 1 else 0

    def nth(number: Decimal) -> int:
        return int((number / width).to_integral_value(ROUND_FLOOR))

    def name(range_: int) -> str:
        return f"{_written(field, range_ * width)}–{_written(field, (range_ + 1) * width - gap)}"

    many = Counter(map(nth, said))
    lines = [(name(one), many[one]) for one in range(nth(low), nth(high) + 1)]
    return _lines(lines, [name(nth(one)) for one in mine])


def _lines(many: Sequence[tuple[str, int]], mine: Sequence[str]) -> tuple[Tally, ...]:
    most = max((count for _, count in many), default=0) or 1
    return tuple(Tally(one, count, round(100 * count / most), one in mine) for one, count in many)


def _written(field: Field, number: Decimal) -> str:
    return plain_number(number).replace(".", field.point)


def _round_width(span: Decimal) -> Decimal:
    """1, 2 or 5 times a power of ten, so that there are about ten of them."""
    power = Decimal(10) ** (span / 10).adjusted()
    return next(power * times for times in (1, 2, 5, 10) if power * times * 10 >= span)
