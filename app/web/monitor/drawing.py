"""The drawing of a room: where its slots stand, and its ties as lines between them."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, hypot, pi, sin

from app.rooms.rooms import RoomView

RADIUS = 100.0  # of the circle that a room's slots are drawn on
SHORT = 17.0  # how far before the middle of a slot an arrow ends


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
class Drawing:
    view: RoomView

    def point(self, slot: int) -> tuple[float, float]:
        """Where a slot is drawn: on a circle around 0, 0, from the top and clockwise; of two, from the left."""
        seats = len(self.view.seats)
        turn = 2 * pi * ((slot - 1) / seats - (0.25 if seats == 2 else 0))
        return round(RADIUS * sin(turn), 1), round(-RADIUS * cos(turn), 1)

    @property
    def edges(self) -> list[DrawnTie]:
        """Ties as lines: one for those that go both ways, else one with an arrow at the end that is seen."""
        weights = {tie[:2]: tie.weight for tie in self.view.ties}
        heaviest = max(map(abs, weights.values()), default=1.0)
        found = []
        for (one, other), weight in weights.items():
            mutual = weights.get((other, one)) == weight
            if mutual and one > other:
                continue
            a, b = self.point(one), self.point(other)
            width = 1.5 if len(set(weights.values())) == 1 else round(0.8 + 3.2 * abs(weight) / heaviest, 1)
            if not mutual:
                # Beside the middle, so that another one back is not under it, and short of the slot.
                a, b = _beside(a, b)
            found.append(DrawnTie(one, other, *a, *b, width, weight, not mutual))
        return found


def _beside(
    a: tuple[float, float], b: tuple[float, float]
) -> tuple[tuple[float, float], tuple[float, float]]:
    """The line from a to b, moved a little to its left, and ending where the arrow meets the slot."""
    length = hypot(b[0] - a[0], b[1] - a[1]) or 1.0
    x, y = (b[0] - a[0]) / length, (b[1] - a[1]) / length
    left = (3 * y, -3 * x)
    return (
        (round(a[0] + left[0], 1), round(a[1] + left[1], 1)),
        (round(b[0] + left[0] - SHORT * x, 1), round(b[1] + left[1] - SHORT * y, 1)),
    )
