"""Plausible answers to a study's questions, for players that are programs."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from contextlib import suppress

from app.study.model.fields import DONT_KNOW, Field, FieldError
from app.study.model.kinds.list import LIST

TRIES = 20  # draws, of which one must fit the field
DECLINES = 0.05  # of people, where they may
UNKNOWN = 0.05  # of answers, where somebody may say that they don't know
WRONG = 0.2  # of forms, where some answers are right
TALK = 0.5  # messages of each at a step at which one may write
MOVES = 4.0  # a minute, of somebody at a step at which one may make some
SCREENED = 0.1  # of people, who answer anyhow; the others so that no [[screen_out]] takes them


def plausible_all(
    fields: Sequence[Field], others: Mapping[str, Sequence[int]], chance: random.Random
) -> dict[str, str]:
    """A value for each field; `others` has the slots that a field is about, where it is about each of several."""
    return {field.name: plausible(field, chance, others.get(field.name, ())) for field in fields}


def plausible(field: Field, chance: random.Random, others: Sequence[int] = ()) -> str:
    """A value that `field` takes: what is right, or else drawn at random; `others`: those that it is about, each."""
    if field.correct:
        return field.in_form(field.correct.example)
    field = _with_list(field, chance)
    if field.dont_know and chance.random() < UNKNOWN:
        return DONT_KNOW
    return field.kind.guess(field, chance, others)


def not_right(field: Field, chance: random.Random) -> str:
    """A value that `field` takes and that is not right; "" where none was found."""
    for _ in range(TRIES):
        guess = field.kind.guess(field, chance, ())
        with suppress(FieldError):
            if not field.is_right(field.read([guess])):
                return guess
    return ""


def drawn(field: Field, chance: random.Random, others: Sequence[int] = ()) -> str:
    """What is stored of such a value; "" where none was found that fits."""
    field = _with_list(field, chance)
    for _ in range(TRIES):
        try:
            return field.read([plausible(field, chance, others)])
        except FieldError:
            continue
    return ""


def _with_list(field: Field, chance: random.Random) -> Field:
    """With something that it may come to list, where that is known only as its page is drawn."""
    return field.limited({field.source: LIST.guess(field, chance, ())}) if field.takes_list else field
