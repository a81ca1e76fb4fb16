"""Pictures for BENCHMARKS.md, each with a table of the same: drawn like the charts of a rehearsal's report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.config import PROJECT
from app.rehearsal.report import BOTTOM, LEFT, RIGHT, TOP, AxisMark, Picture, Polyline, ceiling
from app.web import templates

FOLDER = PROJECT / "docs" / "pictures"
APART = 26  # between two numbers below the picture
Series = Sequence[tuple[float, float]]


class Dot(NamedTuple):
    line: int  # from 1
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Plot:
    """Lines over something that grows from 0: players, processes, seconds."""

    name: str  # of its file
    title: str
    unit: str
    along: str  # what grows
    lines: Mapping[str, Series]

    @property
    def file(self) -> str:
        return f"bench-{self.name}.svg"

    def draw(self) -> None:
        """Writes its file."""
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / self.file).write_text(self.svg(), encoding="utf-8")

    def svg(self) -> str:
        top, steps = ceiling(max((number for line in self.lines.values() for _, number in line), default=0.0))
        end = max(self._stations(), default=1.0) or 1.0

        def across(at: float) -> float:
            return round(LEFT + (RIGHT - LEFT) * at / end, 1)

        def up(number: float) -> float:
            return round(BOTTOM - (BOTTOM - TOP) * max(number, 0.0) / top, 1)

        dots = [
            [Dot(nth, across(at), up(number)) for at, number in line]
            for nth, line in enumerate(self.lines.values(), 1)
        ]
        picture = Picture(
            self.title,
            self.unit,
            self.summary,
            tuple(
                Polyline(name, " ".join(f"{dot.x},{dot.y}" for dot in line))
                for name, line in zip(self.lines, dots, strict=True)
            ),
            tuple(AxisMark(up(top * n / steps), f"{top * n / steps:,.4g}") for n in range(steps + 1)),
            tuple(_legible([AxisMark(across(at), _number(at)) for at in self._stations()])),
            (),
            (),
        )
        few = all(len(line) <= 12 for line in dots)
        return templates.render(
            "rehearsal/plot.svg",
            plot=picture,
            along=self.along,
            dots=[dot for line in dots for dot in line] if few else [],
        )

    @property
    def summary(self) -> str:
        """What a reader hears who does not see it."""
        found = [
            f"{name} goes from {_number(line[0][1])} at {_number(line[0][0])} {self.along} "
            f"to {_number(line[-1][1])} at {_number(line[-1][0])}"
            for name, line in self.lines.items()
            if line
        ]
        return f"{'; '.join(found)} ({self.unit})." if found else "Nothing was measured."

    def markdown(self) -> str:
        picture = f"![{self.title}: {self.summary}](docs/pictures/{self.file})"
        head, *rows = self._table()
        return "\n".join(
            [picture, "", *(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *rows))]
        )

    def text(self) -> str:
        lines = list(self._table())
        widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
        return "\n".join(
            "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines
        )

    def _table(self) -> Iterator[list[str]]:
        yield [self.along, *(f"{name}, {self.unit}" if self.unit else name for name in self.lines)]
        tables = [dict(line) for line in self.lines.values()]
        stations = self._stations()
        every = -(-len(stations) // 12)  # of a long line some, and always the last
        for at in [*stations[:-1:every], *stations[-1:]]:
            yield [_number(at), *(_number(table[at]) if at in table else "" for table in tables)]

    def _stations(self) -> list[float]:
        return sorted({at for line in self.lines.values() for at, _ in line})


def _legible(marks: Sequence[AxisMark]) -> Iterator[AxisMark]:
    """From the right, those that don't stand in each other's way."""
    free = float("inf")
    for mark in reversed(marks):
        if mark.at <= free:
            free = mark.at - APART - 4 * len(mark.text)
            yield mark


def _number(number: float) -> str:
    if number and abs(number) < 10:
        return f"{number:.2f}".rstrip("0").rstrip(".")
    return f"{number:,.1f}".removesuffix(".0") if abs(number) < 100 else f"{number:,.0f}"
