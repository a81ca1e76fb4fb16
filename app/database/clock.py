"""The database's clock: every deadline is in it, so every countdown must be too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta


class DatabaseClock:
    ahead = timedelta()  # how far the database's clock is ahead of this machine's


_standing: ContextVar[datetime | None] = ContextVar("standing", default=None)
_clock: ContextVar[DatabaseClock] = ContextVar("clock", default=DatabaseClock())  # noqa: B039 one for all who work for one database


def now() -> datetime:
    """The database's time, as well as this process knows it."""
    return _standing.get() or datetime.now(UTC) + _clock.get().ahead


def go_by(clock: DatabaseClock) -> None:
    """From here on this task, and each that it begins, works for a database with this clock: there are several."""
    _clock.set(clock)


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
    _clock.get().ahead = database_now - (asked + (answered - asked) / 2)
