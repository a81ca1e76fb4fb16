"""The drawing of a room: where its slots stand, and its ties as lines between them.

Up to `layout.FEW` slots are drawn one by one, with their names. Of more, all that look the same are one path: what
changes from one second to the next is a few dozen texts, however many sit there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import hypot, pi, sin, sqrt

from app.rooms.rooms import RoomView, Seat
from app.study.model.networks import Ties
from app.web.kept import kept
from app.web.monitor.layout import FEW, RADIUS, WIDE, Point, points_of

DOT = 16.0  # how wide a slot is drawn at a scale of 1
BELOW = 8  # slots that have their names below them
SHORT = 17.0  # how far before the middle of a slot an arrow ends
MOST_LINES = 8000  # that are drawn: more are one dark disc
# By state, of the dots of a large room: as shares of the widest that leaves room between them
WIDTHS = {"left": 0.5, "unasked": 0.5, "away": 0.7, "silent": 0.8, "bot": 1.0, "answered": 1.0, "nudged": 1.3}


@dataclass(frozen=True, slots=True)
class DrawnTie:
    """A tie as it is drawn, from whom to whom."""

    one: int
    other: int
    x1: float
    y1: float
    x2: float
    y2: float
    width: float
    weight: float
    one_way: bool


@dataclass(frozen=True, slots=True)
class Dots:
    """The slots in one state whose players are of one type, as dots."""

    type: int  # 1 to 4
    state: str
    count: int
    width: float
    path: str


@dataclass(frozen=True)
class Drawing:
    view: RoomView
    points: Mapping[int, Point]  # by slot; none where they are still reckoned

    @property
    def is_large(self) -> bool:
        return len(self.view.seats) > FEW

    def point(self, slot: int) -> Point:
        return self.points[slot]

    @property
    def scale(self) -> float:
        """How large a slot of a small room is drawn, so that the next one has room beside it."""
        seats = len(self.points)
        beside = 2 * RADIUS * sin(pi / seats) if seats > 1 else 2 * RADIUS
        return round(min(1.7, 0.85 * beside / DOT), 2)

    @property
    def names_outside(self) -> bool:
        """Where they would stand on the next slot if they stood below their own."""
        return len(self.points) > BELOW

    def name_at(self, slot: int) -> tuple[float, float, str]:
        """Where its name stands, from the middle of the slot, and which end of it."""
        if not self.names_outside:
            return 0, 29, "middle"
        x, y = self.points[slot]
        off = (DOT / 2 * self.scale + 5) / RADIUS
        return round(off * x, 1), round(off * y + 4, 1), "start" if x > 15 else "end" if x < -15 else "middle"

    @cached_property
    def edges(self) -> list[DrawnTie]:
        """Ties as lines: one for those that go both ways, else one with an arrow at the end that is seen."""
        weights = self.view.ties.weights
        heaviest = max(map(abs, weights.values()), default=1.0)
        alike = len(set(weights.values())) == 1
        found = []
        for (one, other), weight in weights.items():
            mutual = weights.get((other, one)) == weight
            if (mutual and one > other) or one not in self.points or other not in self.points:
                continue
            a, b = self.point(one), self.point(other)
            width = 1.5 if alike else round(0.8 + 3.2 * abs(weight) / heaviest, 1)
            if not mutual:
                # Beside the middle, so that another one back is not under it, and short of the slot.
                a, b = _beside(a, b)
            found.append(DrawnTie(one, other, *a, *b, width, weight, not mutual))
        return found

    @property
    def lines(self) -> int:
        """How many ties there are, those that go both ways once."""
        return _lines(self.view.ties, self.points)[0]

    @property
    def shows_lines(self) -> bool:
        return self.lines <= MOST_LINES

    @property
    def version(self) -> str:
        """Of the lines of a large room: a page that has them is not sent them again."""
        return f"{hash((tuple(self.points), self.view.ties)) & 0xFFFFFFFFFFFF:x}"

    @property
    def path(self) -> str:
        """All lines of a large room."""
        return _lines(self.view.ties, self.points)[1]

    @property
    def dot(self) -> float:
        """How wide the dots of a large room are."""
        first, second = list(self.points.values())[:2]
        on_circle = all(abs(hypot(*at) - WIDE) < 1 for at in self.points.values())
        beside = hypot(first[0] - second[0], first[1] - second[1])
        return round(max(1.3, beside) if on_circle else min(7.0, 0.9 * WIDE / sqrt(len(self.points))), 2)

    def spots(self, types: Mapping[int, int], states: Mapping[int, str]) -> list[Dots]:
        """By slot, what number its type has and in which state it is."""
        dot = self.dot
        groups: dict[tuple[str, int], list[int]] = {}
        for seat in self.view.seats:
            groups.setdefault((states[seat.slot], types[seat.slot]), []).append(seat.slot)
        # What is to be noticed comes last, on top.
        return [
            Dots(type_, state, len(slots), round(WIDTHS[state] * dot, 2), self._dots(slots))
            for (state, type_), slots in sorted(groups.items(), key=lambda one: (*WIDTHS,).index(one[0][0]))
        ]

    def _dots(self, slots: Iterable[int]) -> str:
        return "".join(f"M{x:g} {y:g}h0" for x, y in map(self.point, slots))


@kept(50, by=lambda ties, points: (ties, *points))
def _lines(ties: Ties, points: Mapping[int, Point]) -> tuple[int, str]:
    """How many there are, and all of them as one path: the same for a network at each look."""
    weights = ties.weights
    mutual = sum(weights.get((other, one)) == weight for (one, other), weight in weights.items())
    drawn = (
        (points[one], points[other])
        for one, other in weights
        if one in points and other in points and (one < other or (other, one) not in weights)
    )
    path = "".join(f"M{a[0]:g} {a[1]:g}L{b[0]:g} {b[1]:g}" for a, b in drawn)
    return len(weights) - mutual // 2, path


async def drawing_of(view: RoomView, patience: float | None = None) -> Drawing:
    """Without points where they can't be had within `patience` seconds: they are reckoned for whoever looks next."""
    try:
        async with asyncio.timeout(patience):
            points = await points_of([seat.slot for seat in view.seats], view.ties)
    except TimeoutError:
        points = {}
    return Drawing(view, points)


def state_of(seat: Seat, connected: bool, playing: bool) -> str:
    """As it is drawn, of a room that plays or has ended."""
    if seat.bot:
        return "bot"
    if seat.status == "left":
        return "left"
    if seat.answered:
        return "answered"
    if seat.nudged and seat.status == "playing":
        return "nudged"
    if playing and not connected:
        return "away"
    return "silent" if seat.asked else "unasked"


def _beside(a: Point, b: Point) -> tuple[Point, Point]:
    """The line from a to b, moved a little to its left, and ending where the arrow meets the slot."""
    length = hypot(b[0] - a[0], b[1] - a[1]) or 1.0
    x, y = (b[0] - a[0]) / length, (b[1] - a[1]) / length
    left = (3 * y, -3 * x)
    return (
        (round(a[0] + left[0], 1), round(a[1] + left[1], 1)),
        (round(b[0] + left[0] - SHORT * x, 1), round(b[1] + left[1] - SHORT * y, 1)),
    )
