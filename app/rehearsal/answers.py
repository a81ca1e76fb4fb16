"""Plausible answers to a study's questions, for players that are programs."""

from __future__ import annotations

import json
import random
from decimal import Decimal

from app.study import Field

WORDS = (
    "I heard it from a friend.",
    "The radio said repairs start this week.",
    "My cousin drove there this morning, all open.",
    "Not so sure any more.",
    "I’d say about the same as before.",
    "Who told you that?",
    "Sounds likely, no?",
    "Let’s wait and see.",
)


def plausible(field: Field, chance: random.Random) -> str:
    """A value that `field` takes, drawn at random."""
    if field.kind in ("integer", "scale", "slider"):
        low, high = _range(field)
        return str(round(chance.triangular(low, high)))
    if field.kind == "number":
        low, high = _range(field)
        return str(round(chance.uniform(low, high), 1))
    if field.kind == "choice":
        return chance.choice(field.options)
    if field.kind == "choices":
        fewest, most = int(field.min or 1), int(field.max or len(field.options))
        return json.dumps(chance.sample(field.options, chance.randint(fewest, max(fewest, most))))
    if field.kind == "ranking":
        return json.dumps(chance.sample(field.options, len(field.options)))
    if field.kind == "yes_no":
        return chance.choice(("yes", "no"))
    text = chance.choice(WORDS)
    shortest, longest = int(field.min or 0), int(field.max or 2000)
    return (text * (shortest // len(text) + 1))[: max(longest, 1)].strip() or "x" * max(shortest, 1)


def _range(field: Field) -> tuple[int, int]:
    low = field.min if field.min is not None else Decimal(0)
    high = field.max if field.max is not None else low + 100
    return int(low.to_integral_value()), int(high.to_integral_value())
