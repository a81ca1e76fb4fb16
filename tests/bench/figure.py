"""One figure: the median of several runs, how far they lie apart, and what was aimed at."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.plot import Plot


class WrongAnswer(Exception):
    """The server was fast and wrong: nothing is measured."""


@dataclass(frozen=True, slots=True)
class Figure:
    what: str
    values: tuple[float, ...]  # one a run
    unit: str
    aim: str = ""
    holds: bool | None = None  # None: nothing was aimed at

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def cells(self) -> tuple[str, str, str, str, str]:
        spread = f"{number(min(self.values))} to {number(max(self.values))}" if len(self.values) > 1 else ""
        holds = {None: "", True: "yes", False: "no"}[self.holds]
        return self.what, f"{number(self.median)} {self.unit}", spread, self.aim, holds


@dataclass(frozen=True, slots=True)
class Chapter:
    """What one benchmark found, and how, in a few sentences."""

    title: str
    figures: tuple[Figure, ...]
    how: str
    plots: tuple[Plot, ...] = ()


def plain(what: str, values: Sequence[float], unit: str) -> Figure:
    return Figure(what, tuple(values), unit)


def at_least(what: str, values: Sequence[float], unit: str, aim: float) -> Figure:
    return Figure(
        what, tuple(values), unit, f"at least {number(aim)} {unit}", statistics.median(values) >= aim
    )


def under(what: str, values: Sequence[float], unit: str, aim: float) -> Figure:
    return Figure(what, tuple(values), unit, f"under {number(aim)} {unit}", statistics.median(values) < aim)


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def number(value: float) -> str:
    """Three digits that count, or all that stand before the point."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
