"""Forces: where those who are tied stand near each other, by pulling and pushing (Fruchterman & Reingold 1991, with
the grid that the paper proposes, so that only who is near counts).

A program of its own, `python -m app.web.monitor.forces`: a second of reckoning for a thousand, which is nothing that
a process should do whose players wait for it. It reads from standard input how many stand there and which are tied,
as `[count, [[one, other], …]]`, by number from 0, and prints where each stands, as `[[x, y], …]`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from math import cos, hypot, pi, sin, sqrt

ROUNDS, WORK = 90, 30_000  # at most, in which the forces pull and push; fewer where many take their time
NEAR = 1.6  # times as far as they would stand apart: no farther do they push each other
GOLDEN = pi * (3 - sqrt(5))


def pulled(count: int, tied: Sequence[tuple[int, int]]) -> list[tuple[float, float]]:
    """In a disc of radius 1, the same each time."""
    size = sqrt(pi / count)  # how far apart they would stand in it
    xs = [sqrt((nth + 0.5) / count) * cos(nth * GOLDEN) for nth in range(count)]
    ys = [sqrt((nth + 0.5) / count) * sin(nth * GOLDEN) for nth in range(count)]
    degree = [0] * count
    for a, b in tied:
        degree[a] += 1
        degree[b] += 1
    pulls = [(a, b, 1 / (size * sqrt(degree[a] * degree[b]))) for a, b in tied]
    rounds = min(ROUNDS, max(1, WORK // count))
    for nth in range(rounds):
        _move(xs, ys, pulls, size, 0.12 * (1 - nth / rounds) + 0.002)
    far = max(hypot(x, y) for x, y in zip(xs, ys, strict=True)) or 1.0
    return [(x / far, y / far) for x, y in zip(xs, ys, strict=True)]


def _move(
    xs: list[float], ys: list[float], pulls: Sequence[tuple[int, int, float]], size: float, most: float
) -> None:
    """All by a little, at most so far."""
    count, cell = len(xs), NEAR * size
    far, force = cell * cell, size * size
    by_x, by_y = [-0.05 * x for x in xs], [-0.05 * y for y in ys]  # those who are tied to nobody stay near
    cells: dict[tuple[int, int], list[int]] = {}
    for nth in range(count):
        cells.setdefault((int(xs[nth] // cell), int(ys[nth] // cell)), []).append(nth)
    for (column, row), here in cells.items():
        near = list(here)
        for beside in ((1, -1), (1, 0), (1, 1), (0, 1)):
            near += cells.get((column + beside[0], row + beside[1]), ())
        for nth, a in enumerate(here):
            ax, ay, to_x, to_y = xs[a], ys[a], 0.0, 0.0
            for b in near[nth + 1 :]:
                x, y = ax - xs[b], ay - ys[b]
                square = x * x + y * y or 1e-9
                if square < far:
                    push = force / square
                    x, y = push * x, push * y
                    to_x += x
                    to_y += y
                    by_x[b] -= x
                    by_y[b] -= y
            by_x[a] += to_x
            by_y[a] += to_y
    for a, b, pull in pulls:
        x, y = xs[a] - xs[b], ys[a] - ys[b]
        strength = pull * sqrt(x * x + y * y)
        by_x[a] -= strength * x
        by_y[a] -= strength * y
        by_x[b] += strength * x
        by_y[b] += strength * y
    for nth in range(count):
        length = hypot(by_x[nth], by_y[nth])
        step = min(length, most) / (length or 1.0)
        xs[nth] += step * by_x[nth]
        ys[nth] += step * by_y[nth]


if __name__ == "__main__":
    print(json.dumps(pulled(*json.load(sys.stdin))))
