"""Layout: where the slots of a network stand in its picture, the same in each process and at each look.

A few stand on a circle. More are laid out by forces: those who are tied pull each other near, all who are near push
each other off (Fruchterman & Reingold 1991, with the grid that the paper proposes, so that only who is near counts).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import cos, hypot, pi, sin, sqrt

from app.study.model.networks import Ties
from app.web.kept import kept

RADIUS = 100.0  # of the circle that a few slots stand on
FEW = 60  # slots that stand on a circle and bear their names
WIDE = 118.0  # of the disc that more of them fill
ROUNDS, WORK = (
    90,
    30_000,
)  # at most, in which the forces pull and push; fewer where many slots take their time
NEAR = 1.6  # times as far as they would stand apart: no farther do they push each other
BREATH = 0.01  # seconds after each round, in which whoever else waits for the interpreter has it
GOLDEN = pi * (3 - sqrt(5))
Point = tuple[float, float]


async def points_of(slots: Sequence[int], ties: Ties) -> Mapping[int, Point]:
    """By slot, around 0, 0. A second for a thousand, once: meanwhile whatever else there is to do goes on."""
    if len(slots) <= FEW:
        return circle(slots)
    return await asyncio.to_thread(by_forces, tuple(slots), ties)


def circle(slots: Sequence[int], radius: float = RADIUS) -> dict[int, Point]:
    """From the top and clockwise; of two, from the left."""
    found = {}
    for nth, slot in enumerate(slots):
        turn = 2 * pi * (nth / len(slots) - (0.25 if len(slots) == 2 else 0))
        found[slot] = round(radius * sin(turn), 1), round(-radius * cos(turn), 1)
    return found


@kept(50)
def by_forces(slots: tuple[int, ...], ties: Ties) -> dict[int, Point]:
    order = _near_each_other(slots, ties)
    if _go_round(slots, ties, order):
        return circle(slots, WIDE)
    count, size = len(order), sqrt(pi / len(order))  # how far apart they would stand in a disc of radius 1
    index = {slot: nth for nth, slot in enumerate(order)}
    xs = [sqrt((nth + 0.5) / count) * cos(nth * GOLDEN) for nth in range(count)]
    ys = [sqrt((nth + 0.5) / count) * sin(nth * GOLDEN) for nth in range(count)]
    tied = [(index[a], index[b]) for a, b in ties.weights if a in index and b in index]
    degree = [0] * count
    for a, b in tied:
        degree[a] += 1
        degree[b] += 1
    pulls = [(a, b, 1 / (size * sqrt(degree[a] * degree[b]))) for a, b in tied]
    rounds = min(ROUNDS, max(1, WORK // count))
    for nth in range(rounds):
        _move(xs, ys, pulls, size, 0.12 * (1 - nth / rounds) + 0.002)
        time.sleep(BREATH)
    far = max(hypot(x, y) for x, y in zip(xs, ys, strict=True)) or 1.0
    return {
        slot: (round(WIDE * x / far, 1), round(WIDE * y / far, 1))
        for slot, x, y in zip(order, xs, ys, strict=True)
    }


def _near_each_other(slots: Sequence[int], ties: Ties) -> list[int]:
    """Each after somebody it is tied to, if there is one."""
    order, known = list[int](), set[int]()
    for start in slots:
        if start in known:
            continue
        known.add(start)
        begins = len(order)
        order.append(start)
        while begins < len(order):
            for other in ties.seen.get(order[begins], ()):
                if other not in known:
                    known.add(other)
                    order.append(other)
            begins += 1
    here = set(slots)
    return [slot for slot in order if slot in here]


def _go_round(slots: Sequence[int], ties: Ties, order: Sequence[int]) -> bool:
    """Whether it is a ring, a lattice or a small world, whose picture is a circle: most are tied to the next."""
    beside = sum(pair in ties.weights or pair[::-1] in ties.weights for pair in pairwise(slots))
    reached, new = {order[0]}, [order[0]]
    while new:
        new = [b for a in new for b in ties.seen.get(a, ()) if b not in reached and not reached.add(b)]  # type: ignore[func-returns-value]
    return beside >= 0.7 * len(slots) and len(reached) == len(order)


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
