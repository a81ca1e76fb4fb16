"""The database's clock: every deadline is in it, so every countdown must be too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

_standing: ContextVar[datetime | None] = ContextVar("standing", default=None)
_ahead = timedelta()  # how far the database's clock is ahead of this machine's


def now() -> datetime:
    """The database's time, as well as this process knows it."""
    return _standing.get() or datetime.now(UTC) + _ahead


@contextmanager
def standing_at(moment: datetime) -> Iterator[None]:
    """Within, and only there, it is this moment: a page of the past shows what its clocks showed."""
    token = _standing.set(moment)
    try:
        yield
    finally:
        _standing.reset(token)


def heard(database_now: datetime, asked: datetime, answered: datetime) -> None:
    """The database was asked for its time; the answer was true about halfway between asking and hearing."""
    global _ahead
    _ahead = database_now - (asked + (answered - asked) / 2)
