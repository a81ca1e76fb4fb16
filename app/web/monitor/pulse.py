"""The pulse of a session: who came and what was saved, every five seconds, as curves of the last minutes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from app.database.connections import Connection
from app.database.queries import Queries, rows

SQL = Queries(__name__)
BEAT = 5.0  # seconds
SPANS = (120.0, 300.0, 900.0)  # seconds that curves show: the shortest in which all there is has room
STEPS = 90  # of a curve, at most
MINUTE = timedelta(seconds=60)
WIDTH, HEIGHT = 180, 28  # of its picture


@dataclass(frozen=True, slots=True)
class Beat:
    at: datetime
    signed_in: int  # so far
    records: int
    messages: int


@dataclass(frozen=True, slots=True)
class Curve:
    name: str
    path: str  # its area as SVG has it, the newest at the right edge; empty where nothing came
    now: int  # within the last minute
    most: int  # within any minute of the span
    table: tuple[tuple[datetime, int], ...]  # the same by the minute: from when, how many


@dataclass(frozen=True, slots=True)
class Pulse:
    minutes: int  # that the curves show
    curves: tuple[Curve, ...]


async def take(conn: Connection) -> None:
    """Note how all sessions that are not closed stand."""
    await conn.execute(SQL["take"])


async def pulse_of(conn: Connection, session_id: str) -> Pulse:
    return drawn(await rows(conn, Beat, SQL["beats"], session_id=session_id, span=SPANS[-1]))


def drawn(beats: Sequence[Beat]) -> Pulse:
    """`beats`: the oldest first."""
    age = (beats[-1].at - beats[0].at).total_seconds() if beats else 0.0
    span = next((span for span in SPANS if span >= age), SPANS[-1])

    def curve(name: str, count: Callable[[Beat], int]) -> Curve:
        return _curve(name, [(beat.at, count(beat)) for beat in beats], span)

    return Pulse(
        round(span / 60),
        (
            curve("arrivals", lambda beat: beat.signed_in),
            curve("records", lambda beat: beat.records),
            curve("messages", lambda beat: beat.messages),
        ),
    )


def _curve(name: str, counts: Sequence[tuple[datetime, int]], span: float) -> Curve:
    within = _within_a_minute(counts)
    minutes: dict[datetime, int] = {}
    for (_, before), (at, count) in pairwise(counts):
        minute = at.replace(second=0, microsecond=0)
        minutes[minute] = minutes.get(minute, 0) + count - before
    return Curve(
        name,
        _area(counts, span),
        within[-1] if within else 0,
        max(within, default=0),
        tuple(minutes.items()),
    )


def _within_a_minute(counts: Sequence[tuple[datetime, int]]) -> list[int]:
    """For each of them, how many had come in the minute before it."""
    found, first = [], 0
    for at, count in counts:
        while first + 1 < len(counts) and counts[first + 1][0] <= at - MINUTE:
            first += 1
        found.append(count - counts[first][1])
    return found


def _area(counts: Sequence[tuple[datetime, int]], span: float) -> str:
    """Steps, each as high as its rate, from the ground to the ground."""
    each = max(BEAT, span / STEPS)
    kept: dict[int, tuple[datetime, int]] = {}
    for at, count in counts:
        kept[int(at.timestamp() // each)] = at, count
    steps = [
        (before[0], after[0], (after[1] - before[1]) / (after[0] - before[0]).total_seconds())
        for before, after in pairwise(kept.values())
    ]
    peak = max((rate for _, _, rate in steps), default=0.0)
    if not peak:
        return ""

    def x(at: datetime) -> str:
        return f"{max(0.0, WIDTH * (1 - (steps[-1][1] - at).total_seconds() / span)):.1f}"

    path, last = f"M{x(steps[0][0])} {HEIGHT}", ""
    for number, (_, to, rate) in enumerate(steps):
        height = f"V{HEIGHT * (1 - rate / peak):.1f}"
        path += height if height != last else ""
        if number + 1 == len(steps) or steps[number + 1][2] != rate:
            path += f"H{x(to)}"
        last = height
    return f"{path}V{HEIGHT}Z"
