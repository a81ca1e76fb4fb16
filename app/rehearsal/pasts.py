"""Pasts: what is made up of somebody's earlier session, for people who are programs."""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal

from app.rehearsal.doorstep import welcome_answers
from app.study.earlier import asks_earlier, made_up
from app.study.hooks.answers import read_value
from app.study.hooks.networklab import Earlier, Value
from app.study.model.fields import FieldError
from app.study.model.plausible import drawn
from app.study.model.study import Study


def pasts_of(study: Study, before: Study | None = None) -> Sequence[Earlier]:
    """One that somebody in this study may well have, whose session had the study `before`. Where that is not known: one
    of numbers and one of words, though either may be wrong. None where the study asks for nothing of it."""
    if not asks_earlier(study.files):
        return ()
    return (_past(before),) if before else (made_up(study.files, 1), made_up(study.files, "1"))


def _past(study: Study) -> Earlier:
    chance = random.Random(study.title)
    answers: dict[str, list[tuple[str, int, object]]] = {}
    for at in study.plan:
        for field in (*at.step.fields, *at.step.results):
            try:
                value = drawn(field, chance, (2,))
            except (ValueError, IndexError):
                continue
            if field.says(value):
                answers.setdefault(field.name, []).append((at.step.name, at.round, read_value(field, value)))
    return Earlier(
        session="made up",
        outcome="complete",
        type=(study.types or ("",))[0],
        kind=study.rooms[0].name if study.rooms else "",
        treatment={one.name: one.levels[0] for one in study.treatments},
        entry=_entry(study, chance),
        answers={name: tuple(values) for name, values in answers.items()},
        earned=Decimal(1),
        pay=study.pay.base if study.pays else None,
    )


def _entry(study: Study, chance: random.Random) -> dict[str, Value]:
    said = welcome_answers(study, chance)
    found: dict[str, Value] = {}
    for one in study.entry:
        try:
            found[one.name] = read_value(one, one.read([said[one.name]]))
        except FieldError:
            continue
    return found
