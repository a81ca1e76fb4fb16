"""Talk: what people may say to each other at a step, and how long it stays on their pages."""

from __future__ import annotations

from collections.abc import Sequence

from app.study.model.study import Position

KEPT, FRESH = "kept", "fresh"


def talk_since(plan: Sequence[Position], index: int) -> int:
    """From which position on what was said stands on a page at `index`: from the last talk that begins anew."""
    anew = (at for at in range(index, -1, -1) if plan[at].step.begins_talk)
    return next(anew, 0)
