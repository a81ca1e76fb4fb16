"""Steps: what happens to a room between two of them, from values to what is to be stored.

As a step ends, what was not answered is filled in, results are computed and slots earn. Before the next one opens, ties
change, roles are dealt, and it is decided who is shown it and what. Nothing here knows where a room comes from, or what
becomes of a change: `decisions` carries it out in the database, and the trial of `check` in rooms that it makes up.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any

from app.rooms import alone, limits
from app.rooms.asking import Ask, T, groups_of
from app.rooms.changes import Asked, Change, Earned, Ended, Left, Opened, Rewired, Stored
from app.rooms.hearing import Hearing, Line
from app.rooms.paths import Whose, is_for_some, slots_for
from app.study.hooks import answers, networklab
from app.study.hooks.answers import Results
from app.study.hooks.pool import Nonsense
from app.study.hooks.uses import ON_TIMEOUT
from app.study.model import roles
from app.study.model.fields import Field
from app.study.model.networks import Tie
from app.study.model.plausible import drawn
from app.study.model.steps import ROLE, Step
from app.study.model.study import Position, Study


class Course:
    """One room on its way through the plan, in which it is at `index`.

    `room` is what hooks get of it. It grows with what they decide, and so do `changes`, which are yet to be stored.
    `outcome`: how it ended for whoever goes through what comes after a room.
    """

    def __init__(
        self,
        study: Study,
        room: networklab.Room,
        index: int,
        ask: Ask,
        hearing: Hearing,
        outcome: str = "complete",
    ) -> None:
        self.study, self.room, self.index, self.ask, self.outcome = study, room, index, ask, outcome
        self.hearing = hearing
        self.changes: list[Change] = []
        self.lines: list[Line] = []  # all that was heard, also what was left empty
        self.wired_at = index  # no network is from further on

    async def move_on(self, asked: Asked, opening: bool) -> None:
        """To the next step that is shown to anybody, or the end. `opening`: where the room is, it has yet to open."""
        index: int | None = self.index
        if not opening:
            here = self.study.plan[self.index]
            by_themselves = here.step.is_solo and alone.SLOT in self.spoken(here)
            await self.end(self.index, asked)
            if not any(seat.plays for seat in self.room.seats):
                self.changes.append(Ended())
                return
            if out := alone.out_of(self.room, self.hearing.fields, here, by_themselves):
                self.changes.append(Ended(out))
                return
            index = self._following(self.index)
        left = self.as_of(self.study.pages_at(self.index)[-1])
        self.room = replace(self.room, state=None, moves=(), at=0.0, clock=None)  # of that step alone
        while index is not None:
            asked = await self.begin(index, left)
            if asked != ():
                self.changes.append(Opened(self.study.plan[index], asked, self._whose(index)))
                return
            index = self._following(index)
        self.changes.append(Ended())

    def _following(self, index: int) -> int | None:
        return self.study.in_room(self.study.following(index, self.outcome), self.room.seed)

    async def end(self, index: int, asked: Asked) -> None:
        """All that happens as the step there ends, which was shown to those."""
        for position in self.study.pages_at(index):
            await self._end_page(position, asked)

    async def begin(self, index: int, left: networklab.Room) -> Asked:
        """All that happens before the step there opens. Who is shown it; nobody who plays: it is skipped.

        `left` is the room as the step before ended.
        """
        position = self.study.plan[index]
        await self._rewire(left, position)
        self._deal_roles(position)
        asked = await self._who_is_asked(position)
        if asked != ():
            await self._compute_shown(position)
        return asked

    def as_of(self, position: Position) -> networklab.Room:
        """The room as a hook gets it."""
        step = position.step
        return replace(self.room, step=step.name, round=position.round, rounds=step.repeat)

    def hear(self, lines: Sequence[Line]) -> None:
        self.lines.extend(lines)
        self.room = replace(self.room, all_said=self.hearing.together(self.room.all_said, lines))

    def store(self, position: Position, results: Results | None, made_by: str) -> None:
        """To be stored, and heard by hooks from now on."""
        lines = tuple(
            (slot, name, value)
            for name, by_slot in (results or {}).items()
            for slot, value in by_slot.items()
            if value != ""
        )
        if lines:
            self.changes.append(Stored(position, lines, made_by))
            self.hear([(position.step.name, position.round, *line) for line in lines])

    def spoken(self, position: Position) -> set[int]:
        """The slots for which it was answered there, if only with nothing; not necessarily by whoever has them now."""
        fields = {field.name for field in position.step.fields}
        here = (position.step.name, position.round)
        return {
            slot for step, round_, slot, name, _ in self.lines if (step, round_) == here and name in fields
        }

    def others_of(self, field: Field, position: Position, slot: int) -> tuple[int, ...]:
        """Whom a question of kind each asks this slot about: the others there who play, if only as bots."""
        room = self.as_of(position)
        if field.of == "room":
            about = room.slots
        elif field.of == "neighbours":
            about = room.neighbours(slot)
        else:
            about = room.said(field.of, step=room.step).get(slot, ())
        return tuple(
            seat.slot
            for seat in room.seats
            if seat.slot in about and seat.slot != slot and (seat.plays or seat.bot)
        )

    def limited(self, position: Position, slot: int) -> Step:
        """The step as it asks this slot."""
        step = position.step
        if not step.limiting:
            return step
        return step.limited(limits.of_room(self.study, position, slot, self.room.all_said))

    async def answers_of_bot(self, position: Position, slot: int) -> Results | None:
        """What the bot in this slot answers there."""
        fields, hook = self.limited(position, slot).fields, self.study.dropout.bot_hook
        others = {field.name: self.others_of(field, position, slot) for field in fields}
        if not hook or not position.step.asks:  # a click is no question
            chance = random.Random(f"{self.room.seed}/bot/{slot}/{position.index}")
            return {field.name: {slot: drawn(field, chance, others[field.name])} for field in fields}
        questions = tuple(
            networklab.Question(
                *(one.name, one.kind, one.min, one.max, one.options, one.required),
                others=others[one.name],
                more=one.own_keys,
            )
            for one in fields
        )

        def read(answer: Any, slots: tuple[int, ...]) -> Results:
            return answers.read_fill_in(lambda _: fields, {slot: answer}, slots)

        return await self._ask(hook, position, read, slot, questions)

    async def ask_on_timeout(self, position: Position) -> Results | None:
        """What the study's hook says for those who have not answered, whoever they are."""
        fields = lambda slot: self.limited(position, slot).fields  # noqa: E731
        return await self._ask(
            ON_TIMEOUT, position, lambda answer, slots: answers.read_fill_in(fields, answer, slots)
        )

    async def _end_page(self, position: Position, asked: Asked) -> None:
        step = position.step
        if step.fills_in:
            await self._fill_in(position, self.those_for(position) if is_for_some(step) else asked)
        if step.on_end:
            computed = await self._ask(
                step.on_end,
                position,
                lambda answer, slots: answers.read_results(
                    step.computed, answer, slots, groups_of(self.study, self.room)
                ),
            )
            self.store(position, computed, f"hook {step.on_end}")
        if step.score_hook:
            self._earn(position, await self._ask(step.score_hook, position, answers.read_amounts) or {})
        if step.leave:
            await self._send_away(position)

    async def _send_away(self, position: Position) -> None:
        """Those whose part ends here, by the study's hook; nobody who has left before."""
        allowed = self.study.finish.by_leaving
        found = await self._ask(
            position.step.leave, position, lambda answer, slots: answers.read_outcomes(answer, slots, allowed)
        )
        plays = {seat.slot for seat in self.room.seats if seat.plays}
        outcomes = tuple((slot, outcome) for slot, outcome in (found or {}).items() if slot in plays)
        if outcomes:
            gone = dict(outcomes)
            self.changes.append(Left(position, outcomes))
            seats = (replace(one, plays=one.plays and one.slot not in gone) for one in self.room.seats)
            self.room = replace(self.room, seats=tuple(seats))

    async def _fill_in(self, position: Position, asked: Asked) -> None:
        """For those who play, were asked and have not answered."""
        step = position.step
        # Whoever took a slot over need not say again what was said there before.
        spoken = self.spoken(position)
        silent = [
            seat.slot
            for seat in self.room.seats
            if seat.plays and seat.slot not in spoken and (asked is None or seat.slot in asked)
        ]
        if not silent:
            return
        if step.on_timeout == "hook":
            found, made_by = await self.ask_on_timeout(position) or {}, f"hook {ON_TIMEOUT}"
            found = {
                name: {slot: v for slot, v in by.items() if slot in silent} for name, by in found.items()
            }
        elif step.on_timeout == "keep":
            found, made_by = self._said_before(position, silent), "keep"
        else:
            said, made_by = step.on_timeout.removeprefix("default:"), "default"
            found = {field.name: dict.fromkeys(silent, field.read([said])) for field in step.fields}
        self.store(position, found, made_by)

    def _said_before(self, position: Position, slots: Iterable[int]) -> Results:
        """The newest of earlier rounds; none that could not be said now."""
        step, found = position.step, Results()
        newest = {
            (one.slot, one.name): one.value
            for one in self.room.all_said
            if one.step == step.name and one.round < position.round
        }
        for slot in slots:
            for field in self.limited(position, slot).fields:
                with suppress(Nonsense):
                    if (slot, field.name) in newest:
                        value = answers.stored_value(field, newest[slot, field.name])
                        found.setdefault(field.name, {})[slot] = value
        return found

    def _earn(self, position: Position, amounts: dict[int, Decimal]) -> None:
        if not amounts:
            return
        self.changes.append(Earned(position, tuple(amounts.items()), f"hook {position.step.score_hook}"))
        earned = dict(self.room.earned)
        for seat in self.room.seats:
            if seat.plays and seat.slot in amounts:
                earned[seat.slot] = answers.EXACT.add(earned.get(seat.slot, Decimal(0)), amounts[seat.slot])
        self.room = replace(self.room, earned=earned)

    async def _rewire(self, left: networklab.Room, position: Position) -> None:
        """The network of the round that begins at this position, by a hook or as the study plans."""
        study, room = self.study, self.room
        if study.rounds.get(position.index, 1) == 1:
            return
        network, size = study.network_of(room.kind), len(room.seats)
        found: tuple[Tie, ...] | None
        if network.rewire_by:
            made_by = f"hook {network.rewire_by}"
            found = await self.ask(
                network.rewire_by, lambda answer: answers.read_network(answer, size, network.directed), left
            )
        else:
            made_by = "study"
            # What seats ask for counts for one kind of network only, which no round changes.
            types = [seat.type for seat in room.seats]
            found = study.planned_ties(room.kind, room.seed, types, self.wired_at, position.index)
        if found is not None:
            self.changes.append(Rewired(position, found, made_by))
            self.wired_at = position.index
            self.room = replace(room, ties=tuple(networklab.Tie(*tie) for tie in found))

    def _deal_roles(self, position: Position) -> None:
        study, room = self.study, self.room
        if study.roles is None or not study.deals_at(position.index):
            return
        had = self._roles()
        if had and position.index == next(iter(study.rounds), 0):
            # As the room opened, for the first round.
            dealt = {slot: found[-1] for slot, found in had.items()}
        else:
            dealt = roles.deal(study.roles.names, groups_of(study, room), had, study.roles.change)
        self.store(position, {ROLE: dealt}, "study")

    def _roles(self) -> dict[int, list[str]]:
        dealt = [one for one in self.room.all_said if one.name == ROLE] if self.study.roles else []
        begins = self.study.begins_round
        return roles.had_in([(one.slot, str(one.value), begins(one.step, one.round)) for one in dealt])

    async def _who_is_asked(self, position: Position) -> Asked:
        """None: all. Nobody who plays: the step is skipped."""
        step, seats = position.step, self.room.seats
        before = (
            self.study.plan[position.index - position.round + 1 : position.index] if step.attempts else ()
        )
        if any(alone.had_right(self.room, self.hearing.fields, attempt) for attempt in before):
            return ()
        if step.own_pace or not step.chooses:
            return None
        asked = self.those_for(position)
        if step.when and asked:
            chosen = await self._ask(step.when, position, answers.read_asked)
            asked = tuple(slot for slot in asked if chosen is None or slot in chosen)
        return asked if any(seat.plays for seat in seats if seat.slot in asked) else ()

    def those_for(self, position: Position) -> tuple[int, ...]:
        """Whom it is for by treatment and role."""
        return slots_for(position.step, self.room.seats, self._roles())

    def _whose(self, index: int) -> Whose:
        pages = (page for page in self.study.pages_at(index) if is_for_some(page.step))
        return {page.index: self.those_for(page) for page in pages}

    async def _compute_shown(self, position: Position) -> None:
        """What pages of this position show, or ask about, by a hook."""
        results = {field.name: field for field in position.step.results}
        for hook in position.step.opening_hooks:
            field = results[hook]

            def read(answer: Any, slots: tuple[int, ...], field: Field = field) -> Results:
                return answers.read_results([field], {field.name: answer}, slots)

            self.store(position, await self._ask(hook, position, read), f"hook {hook}")

    async def _ask(
        self, hook: str, position: Position, read: Callable[[Any, tuple[int, ...]], T], *more: Any
    ) -> T | None:
        room = self.as_of(position)
        return await self.ask(hook, lambda answer: read(answer, room.slots), room, *more)
