"""A trial: each hook of a study is called on rooms and lobbies that are made up, before anybody has come.

It finds what reading the file can't: a name that means nothing, a value of the wrong type, a slot that there is not, an
answer that is counted on and may be missing. What a hook makes of other answers, a rehearsal shows.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

from app.rooms import seating_hook
from app.rooms.seating import Waiting
from app.study.hooks.answers import (
    Results,
    read_amounts,
    read_asked,
    read_fill_in,
    read_network,
    read_results,
    read_value,
)
from app.study.hooks.networklab import Question, Room, Said, Seat, Tie, Value
from app.study.hooks.pool import FILE, Failure, HookError, Hooks
from app.study.hooks.uses import ON_TIMEOUT, line_of_answer
from app.study.model import roles
from app.study.model.fields import Field
from app.study.model.networks import Tie as Stored
from app.study.model.plausible import plausible
from app.study.model.study import ANY, ROLE, SEEN, Position, RoomKind, Step, Study
from app.study.model.treatments import Draws
from app.study.toml.mistakes import Mistake, listed, whole_line

FIRST = 2  # rounds of a step that are played, and its last
SEED = 1
DEAR = 10  # times what finishing brings
CURE = "Mend the function, and check again."
SILENT_CURE = "Read it with .get(slot), or say in on_timeout what stands for a missing answer."
BOTS_CURE = "A bot has no `entry`, and no type where its seat takes any: ask `seat.bot` first."
T = TypeVar("T")


async def try_hooks(study: Study) -> list[Mistake]:
    """The first failure of each hook. Takes as long as the hooks do; one that never ends, a second.

    What only fails where somebody doesn't answer is a note: a room may never come to that.
    """
    if FILE not in study.files:
        return []
    hooks, found = Hooks(), dict[str, Mistake]()

    def tell(failures: Sequence[Failure], where: str, cure: str, grave: bool = True) -> None:
        for failure in failures:
            sentence = f"`{failure.hook}` fails in {where}: {failure.sentence}."
            spot = whole_line(study.files[FILE], failure.line)
            found.setdefault(failure.hook, Mistake(FILE, spot, sentence, cure, grave))

    try:
        if study.lobby.seat:
            tell(await _try_lobby(hooks, study), "a made-up lobby", CURE)
        trials = [_Trial(hooks, study, kind, silent) for silent in (False, True) for kind in study.rooms]
        for trial in trials:
            await trial.play()
            kind, silent = trial.kind, trial.silent
            where = f"a made-up room `{kind.name}`"
            if silent is not None:
                tell(trial.failures, f"{where} where slot {silent} never answers", SILENT_CURE, False)
            else:
                tell(trial.failures, where, CURE)
        for kind in study.rooms:
            if kind.bots_after is not None:
                trials.append(_Trial(hooks, study, kind, silent=False, bots=kind.size - kind.people))
                await trials[-1].play()
                tell(trials[-1].failures, f"a made-up room `{kind.name}` that bots fill", BOTS_CURE)
    finally:
        await hooks.retire(0)
    for hook, sentence, cure in (*_in_vain(study, trials), *_dear(study, trials)):
        spot = whole_line(study.files[FILE], line_of_answer(study.files[FILE], hook))
        found.setdefault(hook, Mistake(FILE, spot, sentence, cure, grave=False))
    return list(found.values())


def _in_vain(study: Study, trials: Sequence[_Trial]) -> Iterator[tuple[str, str, str]]:
    """Hooks that never chose anybody, or left a result out, in any of the rooms; each with a sentence and a cure."""
    heard = {(one.step, one.name) for trial in trials for one in trial.said}
    opened = {step for trial in trials for step in trial.opened}
    for step in study.steps:
        if step.when and step.name not in opened and not step.only:
            sentence = f"`{step.when}` chose nobody for `{step.name}` in all rooms that were made up."
            yield (
                step.when,
                sentence,
                "It is asked before the step opens, when nothing is answered there yet.",
            )
        left = [one.name for one in _computed(step) if (step.name, one.name) not in heard]
        if step.on_end and left and step.name in opened and not study.treatments:
            sentence = f"`{step.on_end}` gave no {listed(left)} in all rooms that were made up."
            yield step.on_end, sentence, "Return it, or remove it from the step's `results`."


def _dear(study: Study, trials: Sequence[_Trial]) -> Iterator[tuple[str, str, str]]:
    """Points that count as money, as it seems."""
    most = max((amount for trial in trials for amount in trial.earned.values()), default=Decimal(0))
    if study.pay.per_point is None and study.pay.most is None and most > DEAR * study.pay.base > 0:
        hook = next(step.score for step in study.steps if step.score)
        sentence = (
            f"Somebody earned {most:f} in a room that was made up, and gets {study.pay.base} for finishing."
        )
        yield hook, sentence, "If these are points, say in [pay] what one is worth: per_point = 0.01."


def _computed(step: Step) -> list[Field]:
    """The results that `on_end` gives."""
    return [one for one in step.results if one.name not in (ROLE, *step.opening_hooks)]


async def _try_lobby(hooks: Hooks, study: Study) -> list[Failure]:
    """With one person who waits, and with as many as all kinds of rooms take, twice."""
    chance = random.Random(SEED)
    wanted = [type_ for kind in study.rooms for type_ in kind.types] * 2
    waiting = [
        Waiting(number, _type(study, type_, chance), 120.0 / number) for number, type_ in enumerate(wanted, 1)
    ]
    entries = {
        one.player_id: {field.name: plausible(field, chance) for field in study.entry} for one in waiting
    }
    failures = []
    for some in (waiting[:1], waiting):
        try:
            await seating_hook.asked(hooks, study, SEED, some, {}, entries)
        except HookError as error:
            failures.append(error.failure)
    return failures


def _type(study: Study, wanted: str, chance: random.Random) -> str:
    return chance.choice(study.types or ("",)) if wanted == ANY else wanted


class _Trial:
    """A room of one kind that goes through the plan, with plausible answers; if `silent`, none from the last slot.

    The last `bots` slots are those of bots from the start.
    """

    def __init__(self, hooks: Hooks, study: Study, kind: RoomKind, silent: bool, bots: int = 0) -> None:
        self.hooks, self.study, self.kind = hooks, study, kind
        self.chance = random.Random(kind.name)
        self.failures: list[Failure] = []
        self.said: list[Said] = []
        self.earned: dict[int, Decimal] = {}
        self.opened: set[str] = set()  # steps
        draws = Draws(study.treatments, SEED)
        self.treatment = draws.room(kind.name, 1)
        types = [_type(study, wanted, self.chance) for wanted in kind.types]
        self.seats = tuple(
            Seat(
                slot,
                f"Player {slot}",
                type_,
                entry={field.name: self._value(field) for field in study.entry},
                treatment=self.treatment | draws.player(type_, f"{kind.name}-1", slot),
            )
            for slot, type_ in enumerate(types, 1)
        )
        people = kind.size - bots
        self.seats = self.seats[:people] + tuple(
            replace(seat, type="" if wanted == ANY else wanted, plays=False, entry={}, bot=True)
            for seat, wanted in zip(self.seats[people:], kind.types[people:], strict=True)
        )
        self.slots = [seat.slot for seat in self.seats]
        self.silent = self.slots[-1] if silent else None
        self.network = study.network_of(kind.name)
        self.ties: Sequence[Stored] = self.network.ties(kind.size, 1, types, kind.name)

    async def play(self) -> None:
        before: Position | None = None
        for position in self.study.plan:
            if FIRST < position.round < position.step.repeat:
                continue
            if before is not None and self.network.rewire_by and self.study.rounds.get(position.index, 1) > 1:
                read = partial(read_network, size=len(self.slots), directed=self.network.directed)
                self.ties = await self._call(self.network.rewire_by, before, read) or self.ties
            self._deal(position)
            if asked := await self._who_is_asked(position):
                self.opened.add(position.step.name)
                await self._open(position, asked)
                await self._end(position, asked)
            before = position

    def _deal(self, position: Position) -> None:
        if self.study.roles is not None and self.study.deals_at(position.index):
            had: dict[int, list[str]] = {}
            for one in self.said:
                if one.name == ROLE:
                    had.setdefault(one.slot, []).append(str(one.value))
            together = roles.groups_in(self.network, len(self.slots), self.ties)
            dealt = roles.deal(self.study.roles.names, together, had, self.study.roles.change)
            self._hear(position, {ROLE: dealt})

    async def _who_is_asked(self, position: Position) -> list[int]:
        step = position.step
        had = {one.slot: {ROLE: str(one.value)} for one in self.said if one.name == ROLE}
        asked = [
            seat.slot for seat in self.seats if step.is_for({**seat.treatment, **had.get(seat.slot, {})})
        ]
        if step.when and asked:
            decided = await self._call(step.when, position, partial(read_asked, slots=self.slots))
            asked = asked if decided is None else [slot for slot in asked if slot in decided]
        return asked

    async def _open(self, position: Position, asked: Sequence[int]) -> None:
        step = position.step
        for field in step.results:
            if field.name in step.opening_hooks:
                await self._compute(field.name, position, [field], field.name)
        if step.fields and self.study.dropout.bot and self.study.has_bots:
            await self._play_bot(position, asked[-1])
        for field in step.fields:
            answers = {
                slot: self._value(field, self._others(field, slot)) for slot in asked if slot != self.silent
            }
            self._hear(position, {field.name: answers})

    async def _play_bot(self, position: Position, slot: int) -> None:
        fields = position.step.fields
        questions = tuple(
            Question(
                *(
                    one.name,
                    one.kind,
                    one.min,
                    one.max,
                    one.options,
                    one.required,
                    tuple(self._others(one, slot)),
                )
            )
            for one in fields
        )

        def read(answer: Any) -> Results:
            return read_fill_in(fields, {slot: answer}, self.slots)

        before = self.seats
        self.seats = tuple(
            replace(seat, plays=False, bot=True) if seat.slot == slot else seat for seat in before
        )
        await self._call(self.study.dropout.bot, position, read, slot, questions)
        self.seats = before

    def _others(self, field: Field, slot: int) -> Sequence[int]:
        """Whom a question is about."""
        if field.of == "neighbours":
            return [tie.to_slot for tie in self.ties if tie.from_slot == slot]
        if field.of in ("", *SEEN):
            return [other for other in self.slots if other != slot]
        chosen = (one.value for one in reversed(self.said) if (one.slot, one.name) == (slot, field.of))
        found = next(chosen, ())
        return [int(other) for other in found] if isinstance(found, tuple) else []

    async def _end(self, position: Position, asked: Sequence[int]) -> None:
        step = position.step
        if step.fills_in:
            await self._fill_in(position, asked)
        if step.on_end:
            await self._compute(step.on_end, position, _computed(step))
        if step.score:
            found = await self._call(step.score, position, partial(read_amounts, slots=self.slots))
            for slot, amount in (found or {}).items():
                self.earned[slot] = self.earned.get(slot, Decimal(0)) + amount

    async def _fill_in(self, position: Position, asked: Sequence[int]) -> None:
        """For whoever is silent; a hook is tried even where nobody is."""
        step = position.step
        fields = {field.name: field for field in step.fields}
        if step.on_timeout == "hook":
            found = await self._call(
                ON_TIMEOUT, position, lambda answer: read_fill_in(step.fields, answer, self.slots)
            )
        else:
            said = step.on_timeout.removeprefix("default:")
            default = said != step.on_timeout
            found = {
                name: dict.fromkeys(self.slots, field.read([said]))
                for name, field in fields.items()
                if default
            }
        for name, values in (found or {}).items():
            mine = {slot: read_value(fields[name], value) for slot, value in values.items() if value}
            if self.silent in mine and self.silent in asked:
                self._hear(position, {name: {self.silent: mine[self.silent]}})

    async def _compute(self, hook: str, position: Position, fields: Sequence[Field], alone: str = "") -> None:
        """What it computes is there for the hooks after it. `alone`: it gives the values of this name alone."""

        def read(answer: Any) -> Results:
            return read_results(fields, {alone: answer} if alone else answer, self.slots)

        by_name = {field.name: field for field in fields}
        for name, values in (await self._call(hook, position, read) or {}).items():
            found = {slot: read_value(by_name[name], value) for slot, value in values.items() if value}
            self._hear(position, {name: found})

    def _hear(self, position: Position, said: Mapping[str, Mapping[int, Value]]) -> None:
        self.said += [
            Said(position.step.name, position.round, slot, name, value)
            for name, values in said.items()
            for slot, value in values.items()
        ]

    async def _call(self, hook: str, position: Position, read: Callable[[Any], T], *more: Any) -> T | None:
        """None where it failed."""
        room = Room(
            name=f"{self.kind.name}-1",
            kind=self.kind.name,
            number=1,
            seed=SEED,
            step=position.step.name,
            round=position.round,
            rounds=position.step.repeat,
            seats=self.seats,
            ties=tuple(Tie(*tie) for tie in self.ties),
            all_said=tuple(self.said),
            treatment=self.treatment,
            earned=dict(self.earned),
        )
        try:
            return await self.hooks.ask(self.study, hook, read, room, *more)
        except HookError as error:
            self.failures.append(error.failure)
            return None

    def _value(self, field: Field, others: Sequence[int] = ()) -> Value:
        return read_value(field, plausible(field, self.chance, others))
