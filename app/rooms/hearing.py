"""Hearing: what was said in rooms of a study, from stored lines to what hooks get, in the order of its plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.study.hooks.answers import read_value
from app.study.hooks.networklab import Said, Value
from app.study.model.study import Study

Line = tuple[
    str, int, int, str, str
]  # step, round, slot, name and stored value of what was said, or computed


class _Nothing:
    """It was left empty, they don't know, or no such thing is asked. What a page's script gives may be None."""


_NOTHING = _Nothing()


class Hearing:
    """Of one study. Rooms that are read together share it: what many of them said is read once."""

    def __init__(self, study: Study) -> None:
        self.fields = {
            (step.name, field.name): field
            for step in study.all_steps
            for field in (*step.fields, *step.results)
        }
        self.positions = {(one.step.name, one.round): one.index for one in study.plan}
        self._values: dict[tuple[str, str, str], Value | _Nothing] = {}

    def together(self, before: tuple[Said, ...], lines: Iterable[Line]) -> tuple[Said, ...]:
        """What was known before, and what these lines say. Most often all of them come after it."""
        said = sorted(self._said(lines), key=self._at)
        if before and said and self._at(said[0]) < self._at(before[-1]):
            return tuple(sorted((*before, *said), key=self._at))
        return (*before, *said)

    def _said(self, lines: Iterable[Line]) -> Iterator[Said]:
        for step, round_, slot, name, stored in lines:
            value = self._value(step, name, stored)
            if not isinstance(value, _Nothing):
                yield Said(step, round_, slot, name, value)

    def _value(self, step: str, name: str, stored: str) -> Value | _Nothing:
        which = step, name, stored
        if which not in self._values:
            field = self.fields.get((step, name))
            self._values[which] = read_value(field, stored) if field and field.says(stored) else _NOTHING
        return self._values[which]

    def _at(self, one: Said) -> int:
        return self.positions.get((one.step, one.round), 0)
