"""Limits and options of questions that are results: what came is the most that can go back.

They are read as a page is drawn and signed into its form's key, so that an answer is judged by what its page said.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping

from app.study.hooks.networklab import Said, Value
from app.study.model.listed import packed
from app.study.model.steps import Step
from app.study.model.study import Position, Study

APART = "_"  # of the values in a key
LETTERS = b"-~"  # the last two of those in which a list is written there


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
    found = {}
    for name, one in sources(study, position).items():
        field, value = one.step.field_named(name), told.get((slot, one.step.name, one.round, name), "")
        if field and field.says(value):
            found[name] = value
    return found


def of_room(study: Study, position: Position, slot: int, said: Iterable[Said]) -> dict[str, str]:
    """The same from what hooks get of a room."""
    told = {(one.slot, one.step, one.round, one.name): _stored(one.value) for one in said if one.slot == slot}
    return told_to(study, position, slot, told)


def in_key(step: Step, values: Mapping[str, str]) -> str:
    """As they stand in a form's key; "" where nothing limits it."""
    return APART.join(_packed(values.get(name, "")) for name in step.limiting)


def from_key(step: Step, limits: str) -> Step:
    """The step as the page with this key asked it."""
    names = step.limiting
    return (
        step.limited(dict(zip(names, map(_unpacked, limits.split(APART)), strict=False))) if names else step
    )


def _packed(value: str) -> str:
    """Numbers as they are; lists in letters that part nothing in a key."""
    return b64encode(value.encode(), LETTERS).decode().rstrip("=") if value.startswith("[") else value


def _unpacked(part: str) -> str:
    whole = part + "=" * (-len(part) % 4)
    return b64decode(whole, LETTERS).decode() if part[:1].isalpha() else part


def _stored(value: Value) -> str:
    return packed(value) if isinstance(value, tuple) else str(value)
