"""Durations, as people write them and as pages say them: in studies, on command lines, to everybody."""

from __future__ import annotations

import re
from decimal import Decimal

_NUMBER = r"([0-9]+(?:\.[0-9]+)?)"
_WRITTEN = re.compile(rf"(?:{_NUMBER}\s*h)?\s*(?:{_NUMBER}\s*m)?\s*(?:{_NUMBER}\s*s)?")


def seconds_in(text: str) -> Decimal | None:
    """Of "90s", "6m", "1h" or "1m30s"; None where that is no duration. A number alone has no unit, so it is none."""
    found = _WRITTEN.fullmatch(text.strip())
    if found is None or not any(found.groups()):
        return None
    hours, minutes, seconds = (Decimal(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + seconds


def as_clock(seconds: float) -> str:
    """Minutes and seconds, as a stop-watch has them: 6:05; from an hour on 1:06:05."""
    minutes, rest = divmod(int(seconds), 60)
    hours, rest_minutes = divmod(minutes, 60)
    return f"{hours}:{rest_minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
