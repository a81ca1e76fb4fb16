"""What a bot answers: by the study's own `bot` where it has one, asked about what its pages showed, else by chance.

A player knows what stood on their pages and what they said themselves. So does this: whatever no page showed (answers
of others, types, treatments, pay, the room's name and seed) is not in the room that the hook gets.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, NamedTuple

from app.rehearsal.alone import Solo
from app.rehearsal.diary import Diary
from app.rehearsal.page import PageSeen, limits_in
from app.rooms.limits import from_key
from app.study.hooks import networklab
from app.study.hooks.answers import Results, read_fill_in, read_value
from app.study.hooks.pool import HookError, Hooks
from app.study.model.fields import Field
from app.study.model.plausible import WRONG, not_right, plausible_all
from app.study.model.study import Position, Study

NOWHERE = 0  # the slot of what somebody said by themselves: they don't know yet which will be theirs


class Form(NamedTuple):
    values: dict[str, str]  # as they are posted
    by_hook: int  # how many of them the study's `bot` gave; the others are drawn


class Answers:
    """One person's. Without `hooks` all is drawn; so it is at solo steps, at which no bot of a study plays."""

    def __init__(
        self, study: Study, diary: Diary, chance: random.Random, hooks: Hooks | None, solo: Solo
    ) -> None:
        self.study, self.diary, self.chance, self.hooks, self.solo = study, diary, chance, hooks, solo
        self.seed = chance.getrandbits(31)
        self.entry: dict[str, str] = {}  # what this person said at the door
        self.said: dict[tuple[str, int, int, str], str] = {}  # step, round, slot and name → stored value
        self.aliases: dict[int, str] = {}
        self.fields = {
            (step.name, one.name): one for step in study.all_steps for one in (*step.fields, *step.results)
        }

    async def at(self, position: Position, page: PageSeen) -> Form:
        """For the form that stands on this page."""
        fields = asked_on(position, page)
        values = plausible_all(fields, page.others, self.chance)
        if position.step.is_solo:
            return Form(values | self.solo.slip(position.step), 0)
        for field in fields:
            if field.correct and self.chance.random() < WRONG:
                values[field.name] = not_right(field, self.chance) or values[field.name]
        asks = self.study.dropout.bot_hook and position.step.asks  # a click is no question
        if self.hooks is None or not asks or page.shown is None:
            return Form(values, 0)
        given = await self._by_hook(self.hooks, position, page)
        return Form(values | given, len(given))

    def stored(self, position: Position, page: PageSeen, values: Mapping[str, str]) -> None:
        """The person knows what they said."""
        if position.step.is_solo:
            here = (position.step.name, position.round, NOWHERE)
            self.said |= {(*here, name): value for name, value in values.items()}
        elif page.shown is not None:
            here = (position.step.name, position.round, page.shown.slot)
            self.said |= {(*here, name): value for name, value in values.items()}

    async def _by_hook(self, hooks: Hooks, position: Position, page: PageSeen) -> dict[str, str]:
        """What it gives, as it is posted. Where it can't answer from what pages show, the diary has why."""
        assert page.shown is not None
        slot, fields = page.shown.slot, asked_on(position, page)
        for step, round_, of, name, value in page.shown.said:
            self.said[step, round_, of, name] = value
        self.aliases |= page.shown.aliases

        def read(answer: Any) -> Results:
            return read_fill_in(lambda _: fields, {slot: answer}, [slot])

        questions = tuple(
            networklab.Question(
                one.name,
                one.kind,
                one.min,
                one.max,
                one.options,
                one.required,
                tuple(page.others.get(one.name, ())),
                one.own_keys,
            )
            for one in fields
        )
        try:
            room = self._room(position, page)
            found = await hooks.ask(self.study, self.study.dropout.bot_hook, read, room, slot, questions)
        except HookError as error:
            self.diary.slip(str(error))
            return {}
        by_name = {field.name: field for field in fields}
        return {
            name: by_name[name].in_form(by_slot[slot]) for name, by_slot in found.items() if by_slot.get(slot)
        }

    def _room(self, position: Position, page: PageSeen) -> networklab.Room:
        shown = page.shown
        assert shown is not None
        order = {(one.step.name, one.round): one.index for one in self.study.plan}
        said = [
            networklab.Said(
                step, round_, slot or shown.slot, name, read_value(self.fields[step, name], value)
            )
            for (step, round_, slot, name), value in self.said.items()
            if (step, name) in self.fields and self.fields[step, name].says(value)
        ]
        seats = {slot: networklab.Seat(slot, alias, "") for slot, alias in self.aliases.items()}
        me = networklab.Seat(shown.slot, shown.aliases.get(shown.slot, ""), "", entry=self._entry())
        return networklab.Room(
            name="",
            kind="",
            number=0,
            seed=self.seed,
            step=position.step.name,
            round=position.round,
            rounds=position.step.repeat,
            seats=tuple(seat for _, seat in sorted({**seats, shown.slot: me}.items())),
            ties=tuple(networklab.Tie(shown.slot, other) for other in shown.sees),
            all_said=tuple(sorted(said, key=lambda one: order[one.step, one.round])),
            constants=self.study.constants,
        )

    def _entry(self) -> dict[str, networklab.Value]:
        def known(field: Field) -> networklab.Value:
            return read_value(field, field.read([self.entry[field.name]]))

        return {field.name: known(field) for field in self.study.entry if self.entry.get(field.name)}


def asked_on(position: Position, page: PageSeen) -> tuple[Field, ...]:
    """The questions as this page asks them: results that limit them stand in its form's key."""
    key = page.keys.get("form-key", "")
    return from_key(position.step, limits_in(key)).fields if position.step.limiting else position.step.fields
