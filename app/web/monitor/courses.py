"""The course of a number over the rounds: a line for each group, as points of a small picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

WIDTH, HEIGHT, EDGE = 320.0, 120.0, 6.0  # of the picture, in its own units


@dataclass(frozen=True, slots=True)
class CourseDot:
    x: float
    y: float
    says: str


@dataclass(frozen=True, slots=True)
class CourseLine:
    """`number` from 1 is its colour."""

    name: str
    number: int
    dots: Sequence[CourseDot]
    says: str

    @property
    def points(self) -> str:
        return " ".join(f"{one.x:.1f},{one.y:.1f}" for one in self.dots)


@dataclass(frozen=True, slots=True)
class CourseSoFar:
    """`low` and `high` are what its lower and upper edge stand for, `rounds` how many there are to come at most."""

    lines: Sequence[CourseLine]
    low: str
    high: str
    rounds: int


def course_of(
    means: Mapping[str, Mapping[int, tuple[int, float]]],
    rounds: int,
    ends: tuple[Decimal | None, Decimal | None],
) -> CourseSoFar | None:
    """Of each group by round how many answered, and their mean. None where nothing is to be seen yet."""
    said = [mean for by_round in means.values() for _, mean in by_round.values()]
    if len({nth for by_round in means.values() for nth in by_round}) < 2:
        return None
    low, high = (
        float(end) if end is not None else found
        for end, found in zip(ends, (min(said), max(said)), strict=True)
    )
    span = (high - low) or 1.0
    lines = []
    for number, (name, by_round) in enumerate(means.items(), 1):
        dots = [
            CourseDot(
                EDGE + (WIDTH - 2 * EDGE) * (nth - 1) / max(1, rounds - 1),
                HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * (mean - low) / span,
                f"round {nth}: {mean:.2f}, {count:,} answer{'s' * (count != 1)}",
            )
            for nth, (count, mean) in sorted(by_round.items())
        ]
        if dots:
            first, last = by_round[min(by_round)][1], by_round[max(by_round)][1]
            says = f"{first:.2f} in round {min(by_round)}, {last:.2f} in round {max(by_round)}"
            lines.append(CourseLine(name, number, dots, says))
    return CourseSoFar(lines, f"{low:g}", f"{high:g}", rounds)
