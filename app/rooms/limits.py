"""Limits of questions that are results: what came is the most that can go back.

They are read as a page is drawn and signed into its form's key, so that an answer is judged by what its page said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from app.study.hooks.networklab import Said
from app.study.model.steps import Step
from app.study.model.study import Position, Study

APART = "_"  # of the values in a key


def last_said(study: Study, position: Position, name: str) -> Position | None:
    """Where, by the time that this position has opened, something of this name was said or computed last."""
    if name in position.step.opening_hooks:
        return position
    return last_before(study, position, name)


def last_before(study: Study, position: Position, name: str) -> Position | None:
    """Where, before this position, the field or result of this name came last."""
    return next((one for one in reversed(study.plan[: position.index]) if one.step.has(name)), None)


def sources(study: Study, position: Position) -> dict[str, Position]:
    """What limits a question there → where it was said or computed last; nothing of what has not been."""
    found = ((name, last_said(study, position, name)) for name in position.step.limiting)
    return {name: where for name, where in found if where is not None}


def told_to(
    study: Study, position: Position, slot: int, told: Mapping[tuple[int, str, int, str], str]
) -> dict[str, str]:
    """The stored values that limit this slot there. `told`: slot, step, round and name → value."""
    where = sources(study, position)
    values = {name: told.get((slot, one.step.name, one.round, name), "") for name, one in where.items()}
    return {name: value for name, value in values.items() if value}


def of_room(study: Study, position: Position, slot: int, said: Iterable[Said]) -> dict[str, str]:
    """The same from what hooks get of a room."""
    told = {(one.slot, one.step, one.round, one.name): str(one.value) for one in said if one.slot == slot}
    return told_to(study, position, slot, told)


def in_key(step: Step, values: Mapping[str, str]) -> str:
    """As they stand in a form's key; "" where nothing limits it."""
    return APART.join(values.get(name, "") for name in step.limiting)


def from_key(step: Step, limits: str) -> Step:
    """The step as the page with this key asked it."""
    return step.limited(dict(zip(step.limiting, limits.split(APART), strict=False)))
