"""Pictures of what all said to one question: bars, each with what it stands for in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

MOST_BARS = 12  # of whole numbers, each with its own
BINS = 10
MOST_OPTIONS = 20  # of those that a study thought of as it ran


@dataclass(frozen=True, slots=True)
class Bar:
    """`share` is how long it is, from 0 to 1."""

    label: str
    share: float
    says: str


@dataclass(frozen=True, slots=True)
class BarChart:
    """`note` is what all bars say together, such as the mean."""

    bars: tuple[Bar, ...] = ()
    note: str = ""


def of_counts(counts: Iterable[tuple[str, int]], total: int) -> tuple[Bar, ...]:
    """How many of `total` said each of these."""
    return tuple(
        Bar(label, count / total if total else 0.0, f"{count:,} ({_percent(count, total)})")
        for label, count in counts
    )


def of_most(counts: Mapping[str, int], total: int) -> BarChart:
    """The same of what nobody has listed before: the most frequent first."""
    frequent = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    left = len(frequent) - MOST_OPTIONS
    note = f"{left} others were chosen less often" if left > 0 else ""
    return BarChart(of_counts(frequent[:MOST_OPTIONS], total), note)


def of_means(means: Iterable[tuple[str, Decimal]], most: Decimal) -> tuple[Bar, ...]:
    """The mean of each of these, none above `most`."""
    return tuple(Bar(label, float(mean / most) if most else 0.0, f"{mean:.2f}") for label, mean in means)


def of_numbers(
    numbers: Mapping[Decimal, int],
    ends: tuple[Decimal | None, Decimal | None],
    whole: bool,
    written: Callable[[Decimal], str],
) -> tuple[Bar, ...]:
    """How often there was each number, or one of each tenth between the ends; `ends` that are None are those said."""
    if not numbers:
        return ()
    low, high = (
        found if end is None else end for end, found in zip(ends, (min(numbers), max(numbers)), strict=True)
    )
    total = sum(numbers.values())
    if whole and high - low < MOST_BARS:
        each = [low + nth for nth in range(int(high - low) + 1)]
        return of_counts([(written(one), numbers.get(one, 0)) for one in each], total)
    spans = _tens(int(low), int(high)) if whole else _tenths(low, high)
    counts = [0] * len(spans)
    for number, count in numbers.items():
        counts[next((nth for nth, (_, upper) in enumerate(spans) if number <= upper), -1)] += count
    labels = [f"{written(lower)} – {written(upper)}" for lower, upper in spans]
    return of_counts(zip(labels, counts, strict=True), total)


def mean(numbers: Mapping[Decimal, int]) -> Decimal | None:
    total = sum(numbers.values())
    return sum((one * count for one, count in numbers.items()), Decimal(0)) / total if total else None


def counted(found: Iterable[tuple[str, int]]) -> dict[str, int]:
    """How often each, of pairs in which one may come more than once."""
    counts: dict[str, int] = {}
    for one, count in found:
        counts[one] = counts.get(one, 0) + count
    return counts


def means_by(found: Iterable[tuple[str, Decimal, int]], order: Sequence[str]) -> list[tuple[str, Decimal]]:
    """The mean of each in this order; nothing of what nobody said."""
    by_name: dict[str, dict[Decimal, int]] = {}
    for name, number, count in found:
        numbers = by_name.setdefault(name, {})
        numbers[number] = numbers.get(number, 0) + count
    return [(name, one) for name in order if (one := mean(by_name.get(name, {}))) is not None]


def _percent(count: int, total: int) -> str:
    return f"{count / total:.0%}" if total else "–"


def _tens(low: int, high: int) -> list[tuple[Decimal, Decimal]]:
    """Whole numbers in at most ten parts; from 0 to 100 in tens, of which the last is one longer."""
    width, left = divmod(high - low, BINS)
    starts = range(low, high + (left > 0), width + (left > 0))
    return [
        (Decimal(lower), Decimal(high if lower == starts[-1] else lower + starts.step - 1))
        for lower in starts
    ]


def _tenths(low: Decimal, high: Decimal) -> list[tuple[Decimal, Decimal]]:
    width = (high - low) / BINS or Decimal(1)
    edges = [low + width * nth for nth in range(BINS)]
    return [*pairwise(edges), (edges[-1], max(high, edges[-1] + width))]
