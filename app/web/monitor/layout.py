"""Layout: where the slots of a network stand in its picture, the same in each process and at each look.

A few stand on a circle. More are laid out by forces, once, in a process apart.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import cos, pi, sin

from app.config import PACKAGE
from app.study.model.networks import Ties
from app.web.kept import kept

RADIUS = 100.0  # of the circle that a few slots stand on
FEW = 60  # slots that stand on a circle and bear their names
WIDE = 118.0  # of the disc that more of them fill
SECONDS = 20.0  # that the forces may take; then all stand on a circle
Point = tuple[float, float]
logger = logging.getLogger(__name__)


async def points_of(slots: Sequence[int], ties: Ties) -> Mapping[int, Point]:
    """By slot, around 0, 0. A second for a thousand, once: meanwhile whatever else there is to do goes on."""
    if len(slots) <= FEW:
        return circle(slots)
    return await asyncio.shield(_laying_out(tuple(slots), ties))


def circle(slots: Sequence[int], radius: float = RADIUS) -> dict[int, Point]:
    """From the top and clockwise; of two, from the left."""
    found = {}
    for nth, slot in enumerate(slots):
        turn = 2 * pi * (nth / len(slots) - (0.25 if len(slots) == 2 else 0))
        found[slot] = round(radius * sin(turn), 1), round(-radius * cos(turn), 1)
    return found


@kept(50)
def _laying_out(slots: tuple[int, ...], ties: Ties) -> asyncio.Task[Mapping[int, Point]]:
    """Whoever looks while it is being done waits for the same."""
    return asyncio.create_task(_lay_out(slots, ties))


async def _lay_out(slots: tuple[int, ...], ties: Ties) -> Mapping[int, Point]:
    order = _near_each_other(slots, ties)
    if _go_round(slots, ties, order):
        return circle(slots, WIDE)
    index = {slot: nth for nth, slot in enumerate(order)}
    tied = [(index[a], index[b]) for a, b in ties.weights if a in index and b in index]
    try:
        async with asyncio.timeout(SECONDS):
            points = await _by_forces(len(order), tied)
    except (OSError, ValueError, TimeoutError) as error:
        logger.warning("a network is drawn as a circle, since its forces could not be reckoned: %r", error)
        return circle(order, WIDE)
    return {
        slot: (round(WIDE * x, 1), round(WIDE * y, 1)) for slot, (x, y) in zip(order, points, strict=True)
    }


async def _by_forces(count: int, tied: Sequence[tuple[int, int]]) -> Sequence[Point]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.web.monitor.forces"),
        cwd=PACKAGE.parent,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        os.setpriority(os.PRIO_PROCESS, process.pid, 10)
        said, _ = await process.communicate(json.dumps([count, tied]).encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    found: Sequence[Point] = json.loads(said)
    return found


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
