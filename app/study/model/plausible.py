"""Plausible answers to a study's questions, for players that are programs."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from app.study.model import each
from app.study.model.fields import Field, FieldError

TRIES = 20  # draws, of which one must fit the field
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


def plausible_all(
    fields: Sequence[Field], others: Mapping[str, Sequence[int]], chance: random.Random
) -> dict[str, str]:
    """A value for each field; `others` has the slots that a field is about, where it is about each of several."""
    return {field.name: plausible(field, chance, others.get(field.name, ())) for field in fields}


def plausible(field: Field, chance: random.Random, others: Sequence[int] = ()) -> str:
    """A value that `field` takes, drawn at random; for a question about each of several, those are `others`."""
    if field.kind == "each":
        kind = "choice" if field.options else "integer"
        return each.pack({slot: plausible(replace(field, kind=kind), chance) for slot in others})
    if field.kind in ("integer", "scale", "slider"):
        low, high = _range(field)
        return str(round(chance.triangular(low, high)))
    if field.kind == "number":
        least = Decimal(0) if field.min is None else field.min
        width = Decimal(100) if field.max is None else field.max - least
        return str(least + width * chance.randint(0, 10) / 10)
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


def drawn(field: Field, chance: random.Random, others: Sequence[int] = ()) -> str:
    """What is stored of such a value; "" where none was found that fits."""
    for _ in range(TRIES):
        try:
            return field.read([plausible(field, chance, others)])
        except FieldError:
            continue
    return ""


def _range(field: Field) -> tuple[int, int]:
    low = field.min if field.min is not None else Decimal(0)
    high = field.max if field.max is not None else low + 100
    return int(low.to_integral_value()), int(high.to_integral_value())
