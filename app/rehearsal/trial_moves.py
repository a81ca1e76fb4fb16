"""A step with moves in a trial: plausible moves of everybody who may make them, and what the study makes of each."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.rehearsal.trial_acts import TrialActs
from app.rooms.asking import groups_of
from app.rooms.moves import SHOWN, Made, MoveBoard
from app.rooms.steps import Course
from app.rooms.validity import given, read_sentence
from app.study.hooks import networklab
from app.study.hooks.acts import BotMove
from app.study.hooks.answers import Handled, Results, read_made, read_move, read_value
from app.study.model.plausible import drawn
from app.study.model.steps import ROLE, Step
from app.study.model.study import Position

EACH = 3  # moves of everybody, on average …
MOST = 24  # … and of all together
APART = 2.0  # seconds between two
A_WHILE = 0.123457  # as no time in a session is whole: who counts money by it must round


@dataclass(slots=True)
class Moved:
    """What came of the moves at one step."""

    asked: int = 0
    state: Any = None  # as it is kept
    accepted: list[networklab.Move] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)  # the same, as pages have them
    results: Results = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)  # slot → why its last move was

    @property
    def board(self) -> MoveBoard:
        return MoveBoard(self.state, tuple(self.made[-SHOWN:]))

    def note(self, move: networklab.Move, said: Mapping[str, str], handled: Handled) -> None:
        self.asked += 1
        self.refused[move.slot] = handled.sentence
        if not handled.accepted:
            return
        self.accepted.append(move)
        clock = None if move.clock is None else str(move.clock)
        self.made.append(Made(self.asked, move.slot, move.name, said, move.at, clock))
        self.state = self.state if handled.state is None else handled.state
        for name, by_slot in handled.results.items():
            self.results.setdefault(name, {}).update(by_slot)


async def try_moves(
    course: Course,
    position: Position,
    slots: Sequence[int],
    chance: random.Random,
    acts: TrialActs | None = None,
) -> Moved:
    """Of these slots. What came of them, `course` has heard. With `acts` every other one is what the step's `bot` does.

    Ends where the hook fails, or says that the step is over.
    """
    step, moved, room = position.step, Moved(), course.as_of(position)
    roles = {one.slot: one.value for one in room.all_said if one.name == ROLE}
    treated = {seat.slot: dict(seat.treatment) for seat in room.seats}
    for slot, role in roles.items():
        treated[slot][ROLE] = str(role)
    offered = [(slot, form) for slot in slots for form in step.moves if form.is_for(treated[slot])]
    for nth in range(min(MOST, EACH * len(slots)) if offered else 0):
        slot, form = chance.choice(offered)
        at = min(nth * APART + A_WHILE, step.limit)
        if acts and nth % 2:
            act = await acts.ask(slot, moved.board, moved.refused.get(slot, ""), at)
            if not isinstance(act, BotMove):
                continue
            form, said = act.form, act.form.values_in(act.written)
        else:
            said = {one.name: drawn(one, chance) for one in form.fields}
        move = read_made(form, slot, form.written(said), at, step.clock)
        handled = await course.ask(
            step.on_move,
            lambda answer: read_move(step, answer, room.slots, groups_of(course.study, room)),
            replace(
                room,
                state=networklab.unpack(moved.state),
                all_said=tuple(_said_at(room, step, moved.results)),
                at=at,
                clock=move.clock,
            ),
            move,
        )
        if handled is None:
            break
        moved.note(move, said, handled)
        if handled.ends:
            break
    course.store(position, moved.results, f"hook {step.on_move}")
    course.room = replace(course.room, state=networklab.unpack(moved.state), moves=tuple(moved.accepted))
    return moved


async def try_valid(course: Course, position: Position, slots: Sequence[int]) -> list[tuple[str, bool]]:
    """The hook that judges what these slots have said there, and whether it took it."""
    step, found = position.step, list[tuple[str, bool]]()
    for slot in slots:
        room, _, said = _said_by(course, position, slot)
        found.append((step.valid, await course.ask(step.valid, read_sentence, room, slot, said) is None))
    return found


async def try_valid_without(course: Course, position: Position, slots: Sequence[int]) -> AsyncIterator[str]:
    """The same, once for each question to which one may say nothing: its name, when the hook was asked."""
    step = position.step
    for slot in slots:
        for one in course.limited(position, slot).fields:
            if not one.required or one.dont_know:
                room, _, said = _said_by(course, position, slot)
                said.pop(one.name, None)
                await course.ask(step.valid, read_sentence, room, slot, said)
                yield one.name


def _said_by(
    course: Course, position: Position, slot: int
) -> tuple[networklab.Room, int, dict[str, networklab.Value]]:
    step = position.step
    asked = {one.name for one in step.fields}
    room, _, said = given(course, position, slot, {})
    for one in course.room.all_said:
        if (one.step, one.round, one.slot) == (step.name, position.round, slot) and one.name in asked:
            said[one.name] = one.value
    return room, slot, said


def _said_at(room: networklab.Room, step: Step, results: Results) -> Iterable[networklab.Said]:
    """What `on_move` gets: what was computed at this step and round, and what somebody is in it."""
    fields = {one.name: one for one in step.results}
    told = {
        (one.slot, one.name): one.value
        for one in room.all_said
        if (one.step, one.round) == (room.step, room.round) or one.name == ROLE
    }
    for name, by_slot in results.items():
        told |= {(slot, name): read_value(fields[name], value) for slot, value in by_slot.items() if value}
    return (
        networklab.Said(room.step, room.round, slot, name, value)
        for (slot, name), value in sorted(told.items(), key=lambda one: one[0])
    )
