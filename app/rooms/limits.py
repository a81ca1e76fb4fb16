"""Limits and options of questions that are results: what came is the most that can go back.

They are read as a page is drawn and signed into its form's key, so that an answer is judged by what its page said.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence

from app.study.hooks.networklab import Said, Value
from app.study.model.listed import packed
from app.study.model.steps import Step
from app.study.model.study import Position, Study

Told = Mapping[tuple[int, str, int, str], str]  # slot, step, round and name → value

APART = "_"  # of the values in a key
LETTERS = b"-~"  # the last two of those in which a list is written there


def last_said(study: Study, position: Position, name: str) -> tuple[Position, ...]:
    """Where, by the time that this position has opened, something of this name was said or computed last."""
    if name in position.step.opening_hooks:
        return (position,)
    return last_before(study, position, name)


def last_before(study: Study, position: Position, name: str) -> tuple[Position, ...]:
    """Where, before this position, the field or result of this name came last; () where it never did.

    Several, the last first, where it isn't known beforehand how many rounds a room or somebody in it goes through, or
    where another step has it for those whom the last one is not for.
    """
    before = reversed(study.plan[: position.index])
    last = next((one for one in before if one.step.has(name)), None)
    if last is None:
        return ()
    found = list(rounds_until(study, last))
    known = {last.step.name}
    for one in before if last.step.only else ():
        if one.step.name not in known and one.step.has(name) and last.step.excludes(one.step):
            known.add(one.step.name)
            found += rounds_until(study, one)
    return tuple(found)


def rounds_until(study: Study, last: Position) -> tuple[Position, ...]:
    """That one, and where it is the last round that there can be, and may never come, those before it, backwards."""
    if not last.step.may_end_early:
        return (last,)
    rounds = [one for one in study.plan if one.step.name == last.step.name]
    return tuple(reversed(rounds)) if rounds[-1].index == last.index else (last,)


def told_last(told: Told, slot: int, name: str, places: Sequence[Position]) -> tuple[Position, str] | None:
    """The last of these places where something of this name is told of this slot, and what."""
    for one in places:
        if value := told.get((slot, one.step.name, one.round, name)):
            return one, value
    return None


def sources(study: Study, position: Position) -> dict[str, tuple[Position, ...]]:
    """What limits a question there → where it was said or computed last; nothing of what has not been."""
    found = ((name, last_said(study, position, name)) for name in position.step.limiting)
    return {name: places for name, places in found if places}


def told_to(study: Study, position: Position, slot: int, told: Told) -> dict[str, str]:
    """The stored values that limit this slot there."""
    found = {}
    for name, places in sources(study, position).items():
        last = told_last(told, slot, name, places)
        field = last and last[0].step.field_named(name)
        if last and field and field.says(last[1]):
            found[name] = last[1]
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
