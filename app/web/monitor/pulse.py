"""The pulse of a session: who came and what was saved, every five seconds, as curves of the last minutes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from app.database.connections import Connection
from app.database.queries import Queries, rows

SQL = Queries(__name__)
BEAT = 5.0  # seconds
SPAN = 900.0  # seconds that a curve shows
WIDTH, HEIGHT = 180.0, 28.0  # of its picture


@dataclass(frozen=True, slots=True)
class Beat:
    at: datetime
    signed_in: int  # so far
    records: int
    messages: int


@dataclass(frozen=True, slots=True)
class Curve:
    name: str
    points: str  # a line as SVG has it, the newest at the right edge; empty before there are two beats
    now: float  # a second
    peak: float  # a second, highest of the span
    table: tuple[tuple[datetime, float], ...]  # the same by the minute: from when, a second


async def take(conn: Connection) -> None:
    """Note how all sessions that are not closed stand."""
    await conn.execute(SQL["take"])


async def curves(conn: Connection, session_id: str, now: datetime) -> tuple[Curve, ...]:
    """Arrivals and records a second."""
    beats = await rows(conn, Beat, SQL["beats"], session_id=session_id, span=SPAN)
    return (
        _curve("arrivals", beats, lambda beat: beat.signed_in, now),
        _curve("records", beats, lambda beat: beat.records, now),
    )


def _curve(name: str, beats: Sequence[Beat], count: Callable[[Beat], int], now: datetime) -> Curve:
    rates = [
        (later.at, (count(later) - count(earlier)) / (later.at - earlier.at).total_seconds())
        for earlier, later in pairwise(beats)
    ]
    peak = max((rate for _, rate in rates), default=0.0)

    def point(at: datetime, rate: float) -> str:
        x = WIDTH * (1 - (now - at).total_seconds() / SPAN)
        return f"{x:.1f},{HEIGHT * (1 - rate / (peak or 1)):.1f}"

    minutes: dict[datetime, list[float]] = {}
    for at, rate in rates:
        minutes.setdefault(at.replace(second=0, microsecond=0), []).append(rate)
    return Curve(
        name,
        " ".join(point(at, rate) for at, rate in rates),
        rates[-1][1] if rates else 0.0,
        peak,
        tuple((minute, sum(found) / len(found)) for minute, found in minutes.items()),
    )
