"""A trial: each hook of a study is called on rooms that are made up, before anybody has come.

It finds what reading the file can't: a name that means nothing, a value of the wrong type, a slot that there is not.
What a hook makes of other answers, a rehearsal shows.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from app.fields import Field
from app.hook_answers import (
    Results,
    read_amounts,
    read_asked,
    read_fill_in,
    read_network,
    read_results,
    read_value,
)
from app.hook_values import Room, Said, Seat, Tie, Value
from app.hooks import FILE, Failure, HookError, Hooks
from app.networks import Tie as Stored
from app.plausible import plausible
from app.study import ANY, Mistake, Position, RoomKind, Study
from app.study_hooks import ON_TIMEOUT
from app.study_mistakes import whole_line

FIRST = 2  # rounds of a step that are played, and its last
CURE = "Mend the function, and check again."
T = TypeVar("T")


async def try_hooks(study: Study) -> list[Mistake]:
    """The first failure of each hook. Takes as long as the hooks do; one that never ends, a second."""
    if FILE not in study.files:
        return []
    hooks, failures = Hooks(), list[tuple[RoomKind, Failure]]()
    try:
        for kind in study.rooms:
            trial = _Trial(hooks, study, kind)
            await trial.play()
            failures += [(kind, failure) for failure in trial.failures]
    finally:
        await hooks.retire(0)
    found = dict[str, Mistake]()
    for kind, failure in failures:
        spot = whole_line(study.files[FILE], failure.line)
        sentence = f"`{failure.hook}` fails in a made-up room `{kind.name}`: {failure.sentence}."
        found.setdefault(failure.hook, Mistake(FILE, spot, sentence, CURE))
    return list(found.values())


class _Trial:
    """A room of one kind that goes through the plan, with plausible answers."""

    def __init__(self, hooks: Hooks, study: Study, kind: RoomKind) -> None:
        self.hooks, self.study, self.kind = hooks, study, kind
        self.chance = random.Random(kind.name)
        self.failures: list[Failure] = []
        self.said: list[Said] = []
        wanted = [type_ for type_, seats in kind.seats.items() for _ in range(seats)]
        self.seats = tuple(
            Seat(slot, f"Player {slot}", self._type(type_), entry=self._entry())
            for slot, type_ in enumerate(wanted, 1)
        )
        self.slots = [seat.slot for seat in self.seats]
        self.network = study.network_of(kind.name)
        types = [seat.type for seat in self.seats]
        self.ties: Sequence[Stored] = self.network.ties(kind.size, 1, types, kind.name)

    async def play(self) -> None:
        before: Position | None = None
        for position in self.study.plan:
            if FIRST < position.round < position.step.repeat:
                continue
            if before is not None and self.network.rewire_by and position.index in self.study.rounds:
                read = partial(read_network, size=len(self.slots), directed=self.network.directed)
                self.ties = await self._call(self.network.rewire_by, before, read) or self.ties
            await self._open(position)
            await self._end(position)
            before = position

    async def _open(self, position: Position) -> None:
        step, asked = position.step, self.slots
        if step.when:
            decided = await self._call(step.when, position, partial(read_asked, slots=self.slots))
            asked = self.slots if decided is None else list(decided)
        for field in step.results:
            if field.name in step.opening_hooks:
                await self._compute(field.name, position, [field], field.name)
        answers = [(slot, field) for slot in asked for field in step.fields]
        self.said += [
            Said(step.name, position.round, slot, field.name, self._value(field)) for slot, field in answers
        ]

    async def _end(self, position: Position) -> None:
        step = position.step
        if step.on_timeout == "hook" and step.fields:
            await self._call(
                ON_TIMEOUT, position, lambda answer: read_fill_in(step.fields, answer, self.slots)
            )
        if step.on_end:
            await self._compute(step.on_end, position, step.results)
        if step.score:
            await self._call(step.score, position, partial(read_amounts, slots=self.slots))

    async def _compute(self, hook: str, position: Position, fields: Sequence[Field], alone: str = "") -> None:
        """What it computes is there for the hooks after it. `alone`: it gives the values of this name alone."""

        def read(answer: Any) -> Results:
            return read_results(fields, {alone: answer} if alone else answer, self.slots)

        by_name = {field.name: field for field in fields}
        for name, values in (await self._call(hook, position, read) or {}).items():
            self.said += [
                Said(position.step.name, position.round, slot, name, read_value(by_name[name], value))
                for slot, value in values.items()
            ]

    async def _call(self, hook: str, position: Position, read: Callable[[Any], T]) -> T | None:
        """None where it failed."""
        room = Room(
            name=f"{self.kind.name}-1",
            kind=self.kind.name,
            number=1,
            seed=1,
            step=position.step.name,
            round=position.round,
            rounds=position.step.repeat,
            seats=self.seats,
            ties=tuple(Tie(*tie) for tie in self.ties),
            all_said=tuple(self.said),
        )
        try:
            return await self.hooks.ask(self.study, hook, read, room)
        except HookError as error:
            self.failures.append(error.failure)
            return None

    def _type(self, wanted: str) -> str:
        return self.chance.choice(self.study.types or ("",)) if wanted == ANY else wanted

    def _entry(self) -> dict[str, Value]:
        return {field.name: self._value(field) for field in self.study.entry}

    def _value(self, field: Field) -> Value:
        return read_value(field, plausible(field, self.chance))
