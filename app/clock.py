"""The database's clock: every deadline is in it, so every countdown must be too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_ahead = timedelta()  # how far the database's clock is ahead of this machine's


def now() -> datetime:
    """The database's time, as well as this process knows it."""
    return datetime.now(UTC) + _ahead


def heard(database_now: datetime, asked: datetime, answered: datetime) -> None:
    """The database was asked for its time; the answer was true about halfway between asking and hearing."""
    global _ahead
    _ahead = database_now - (asked + (answered - asked) / 2)
