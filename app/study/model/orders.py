"""The random order in which somebody is shown options, rows or questions: drawn from their seed, the same at each look.

What is stored and read stays in the order of study.toml; only what is drawn on a page is moved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import NamedTuple

from app.study.model.fields import RANDOM, Field
from app.study.model.steps import Step
from app.study.model.study import Study

QUESTIONS = ""  # the field of an order that is of the questions themselves


class InOrder(NamedTuple):
    """What stood as the `nth`, from 1, of the options or rows of a question; or which question did."""

    step: str
    field: str
    nth: int
    shown: str


def shuffled(items: Sequence[str], seed: int, *of: str) -> tuple[str, ...]:
    """Each order as likely as any other; where an item goes, the others stay as they are."""

    def lot(item: str) -> bytes:
        return blake2b("\0".join((str(seed), *of, item)).encode(), digest_size=16).digest()

    return tuple(sorted(items, key=lot))


def step_for(step: Step, seed: int) -> Step:
    """As somebody with this seed is shown it."""
    if not step.shuffles:
        return step
    fields = [_drawn(step, field, seed) for field in step.fields]
    names = _questions(step, seed)
    return replace(step, fields=tuple(sorted(fields, key=lambda field: names.index(field.name))))


def has_orders(study: Study) -> bool:
    return any(step.shuffles for step in study.all_steps)


def orders_of(study: Study, seed: int) -> Iterator[InOrder]:
    """All that is in random order for somebody with this seed, whether they came so far or not."""
    for step in study.all_steps:
        if step.order == RANDOM:
            for nth, name in enumerate(_questions(step, seed), 1):
                yield InOrder(step.name, QUESTIONS, nth, name)
        for field in step.fields:
            if field.order == RANDOM:
                for nth, item in enumerate(_drawn(step, field, seed).drawn, 1):
                    yield InOrder(step.name, field.name, nth, item)


def _questions(step: Step, seed: int) -> tuple[str, ...]:
    names = tuple(field.name for field in step.fields)
    return shuffled(names, seed, step.name) if step.order == RANDOM else names


def _drawn(step: Step, field: Field, seed: int) -> Field:
    if field.order != RANDOM:
        return field
    order = shuffled(field.kind.listed(field), seed, step.name, field.name)
    return replace(field, more={**field.more, "drawn": order})
