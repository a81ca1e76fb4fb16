"""A move that came to nothing yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.rooms.handling import MoveOutcome


@dataclass(frozen=True, slots=True)
class TriedMove:
    """A move that came to nothing yet: what was typed, what is wrong with it, and what stands beside its button."""

    name: str
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    outcome: MoveOutcome | None = None
