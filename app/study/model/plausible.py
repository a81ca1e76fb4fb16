"""Plausible answers to a study's questions, for players that are programs."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from app.study.model.fields import Field, FieldError

TRIES = 20  # draws, of which one must fit the field
DECLINES = 0.05  # of people, where they may
SCREENED = 0.1  # of people, who answer anyhow; the others so that no [[screen_out]] takes them


def plausible_all(
    fields: Sequence[Field], others: Mapping[str, Sequence[int]], chance: random.Random
) -> dict[str, str]:
    """A value for each field; `others` has the slots that a field is about, where it is about each of several."""
    return {field.name: plausible(field, chance, others.get(field.name, ())) for field in fields}


def plausible(field: Field, chance: random.Random, others: Sequence[int] = ()) -> str:
    """A value that `field` takes, drawn at random; for a question about each of several, those are `others`."""
    return field.kind.guess(field, chance, others)


def drawn(field: Field, chance: random.Random, others: Sequence[int] = ()) -> str:
    """What is stored of such a value; "" where none was found that fits."""
    for _ in range(TRIES):
        try:
            return field.read([plausible(field, chance, others)])
        except FieldError:
            continue
    return ""
