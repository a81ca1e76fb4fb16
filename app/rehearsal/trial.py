"""A trial: each hook of a study is called on rooms and lobbies that are made up, before anybody has come.

It finds what reading the file can't: a name that means nothing, a value of the wrong type, a slot that there is not, an
answer that is counted on and may be missing. What a hook makes of other answers, a rehearsal shows.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar, cast

from app.rehearsal.doorstep import welcome_answers
from app.rehearsal.page_trial import try_pages
from app.rehearsal.pasts import pasts_of
from app.rehearsal.trial_acts import TrialActs, try_mediators
from app.rehearsal.trial_boards import board_mistakes
from app.rehearsal.trial_lobby import SEED, try_lobby, type_in
from app.rehearsal.trial_moves import A_WHILE, Moved, try_moves, try_valid, try_valid_without
from app.rooms.changes import Asked
from app.rooms.hearing import Hearing
from app.rooms.items import draw_in, is_drawn_late
from app.rooms.paths import is_for_some
from app.rooms.steps import Course
from app.study.earlier import hooks_ask_earlier
from app.study.hooks import networklab
from app.study.hooks.answers import read_value
from app.study.hooks.networklab import NOT_KNOWN, Earlier
from app.study.hooks.pool import Failure, HookError, Hooks
from app.study.hooks.uses import HOOKS_FILE, given_asked, line_of_answer
from app.study.model.fields import Field
from app.study.model.plausible import plausible
from app.study.model.steps import AFTER, BEFORE, PLAYING
from app.study.model.study import ANY, Position, RoomKind, Study
from app.study.model.treatments import Draws, drawn_at_door
from app.study.syntax.mistakes import Mistake, listed, whole_line

FIRST = 2  # rounds of a step that are played, and its last
DEAR = 10  # times what finishing brings
CURE = "Mend the function, and check again."
PAST_CURE = "Ask whether anything is known first: if seat.earlier. Whoever was added, or was erased there, has nothing."
SILENT_CURE = "Read it with .get(slot), or say in on_timeout what stands for a missing answer."
EMPTY_CURE = 'Read it with said.get("{}"), which is None then.'
BOTS_CURE = (
    "A bot has no `entry`, `given` or `earlier`, and no type where its seat takes any: ask `seat.bot` first."
)
T = TypeVar("T")


async def try_study(study: Study, hooks: Hooks | None = None, before: Study | None = None) -> list[Mistake]:
    """What fails in a study that reads well, as far as made-up rooms show it: of its pages and of its hooks.

    `before`: that of the session which it is to go on from.
    """
    pasts = pasts_of(study, before)
    return [*try_pages(study, pasts), *await try_hooks(study, hooks, pasts)]


async def try_hooks(
    study: Study, hooks: Hooks | None = None, pasts: Sequence[Earlier] | None = None
) -> list[Mistake]:
    """The first failure of each hook, called by `hooks`. Takes as long as they do; one that never ends, a second.

    What only fails where somebody doesn't answer is a note: a room may never come to that. So is what only fails where
    nothing is known of people from an earlier session. Of several `pasts` that people may have, none need be right.
    """
    if HOOKS_FILE not in study.files:
        return []
    hooks, found = hooks or Hooks(), dict[str, Mistake]()
    try:
        if not hooks_ask_earlier(study.files):
            return [*(await _try_hooks(hooks, study)).values()]
        tried = [await _try_hooks(hooks, study, past) for past in pasts or pasts_of(study)]
        of_new = await _try_hooks(hooks, study)
        # Where it is not known what was asked, a hook may well fail by what is made up.
        always = [*tried, of_new] if len(tried) > 1 else tried
        found = {hook: mistake for hook, mistake in tried[0].items() if all(hook in one for one in always)}
        for hook, mistake in of_new.items():
            if mistake.grave:
                sentence = mistake.sentence.replace(
                    " fails in ", " fails of people who were in no session before, in "
                )
                found.setdefault(hook, replace(mistake, sentence=sentence, suggestion=PAST_CURE, grave=False))
    finally:
        await hooks.retire(0)
    return [*found.values()]


async def _try_hooks(hooks: Hooks, study: Study, past: Earlier = NOT_KNOWN) -> dict[str, Mistake]:
    """By hook, of people who have that past."""
    found = dict[str, Mistake]()

    def tell(failures: Sequence[Failure], where: str, cure: str, grave: bool = True) -> None:
        for failure in failures:
            sentence = f"`{failure.hook}` fails in {where}: {failure.sentence}."
            spot = whole_line(study.files[HOOKS_FILE], failure.line)
            found.setdefault(failure.hook, Mistake(HOOKS_FILE, spot, sentence, cure, grave))

    if study.lobby.seat_hook:
        tell(await try_lobby(hooks, study, past), "a made-up lobby", CURE)
    alone = [RoomKind(during, {ANY: 1}) for during in (BEFORE, AFTER) if study.first(during) is not None]
    kinds = (*study.rooms, *alone)
    trials = [_Trial(hooks, study, kind, silent, past) for silent in (False, True) for kind in kinds]
    for trial in trials:
        await trial.play()
        kind, silent = trial.kind, trial.silent
        where = f"[[{kind.name}]]" if kind in alone else f"a made-up room `{kind.name}`"
        if silent is not None:
            tell(trial.failures, f"{where} where slot {silent} never answers", SILENT_CURE, False)
        else:
            tell(trial.failures, where, CURE)
            for name, failures in trial.left_empty:
                tell(failures, f"{where} where `{name}` is left empty", EMPTY_CURE.format(name), False)
    for kind in study.rooms:
        if kind.bots_after is not None:
            trials.append(_Trial(hooks, study, kind, False, past, bots=kind.size - kind.people))
            await trials[-1].play()
            tell(trials[-1].failures, f"a made-up room `{kind.name}` that bots fill", BOTS_CURE)
    for hook, sentence, cure in (*_in_vain(study, trials), *_dear(study, trials)):
        spot = whole_line(study.files[HOOKS_FILE], line_of_answer(study.files[HOOKS_FILE], hook))
        found.setdefault(hook, Mistake(HOOKS_FILE, spot, sentence, cure, grave=False))
    moved = [(trial.kind, *one) for trial in trials for one in trial.moved]
    return found | {mistake.file: mistake for mistake in board_mistakes(study, moved)}


def _in_vain(study: Study, trials: Sequence[_Trial]) -> Iterator[tuple[str, str, str]]:
    """Hooks that never chose anybody, or left a result out, in any of the rooms; each with a sentence and a cure."""
    heard = {
        (one.step, one.name)
        for trial in trials
        for one in trial.course.room.all_said
        if (one.step, one.name) not in trial.told
    }
    opened = {step for trial in trials for step in trial.opened}
    for step in study.all_steps:
        if step.when and step.name not in opened and not step.only:
            sentence = f"`{step.when}` chose nobody for `{step.name}` in all rooms that were made up."
            yield (
                step.when,
                sentence,
                "It is asked before the step opens, when nothing is answered there yet.",
            )
        left = [one.name for one in step.computed if (step.name, one.name) not in heard]
        if step.on_end and not step.moves and left and step.name in opened and not study.treatments:
            sentence = f"`{step.on_end}` gave no {listed(left)} in all rooms that were made up."
            yield step.on_end, sentence, "Return it, or remove it from the step's `results`."
        for one in step.fields if step.name in opened and not study.treatments else ():
            if one.listed_by and (step.name, one.listed_by) not in heard:
                sentence = f"`{one.listed_by}` lists nothing for anybody in all rooms that were made up."
                cure = f"Return a list for each slot, or `{one.name}` has no {one.kind.lists}."
                yield one.listed_by, sentence, cure
        taken = [ok for trial in trials for hook, ok in trial.judged if hook == step.valid]
        if taken and not any(taken):
            sentence = f"`{step.valid}` refused all {len(taken)} answers in the rooms that were made up."
            yield step.valid, sentence, "They were drawn at random: is there any that it takes?"
        moved = [one for trial in trials for at, one in trial.moved if at.step is step]
        if any(one.asked for one in moved) and not any(one.accepted for one in moved):
            many = sum(one.asked for one in moved)
            sentence = f"`{step.on_move}` refused all {many} moves in the rooms that were made up."
            yield step.on_move, sentence, "Are the values that a move may have as the function wants them?"


def _dear(study: Study, trials: Sequence[_Trial]) -> Iterator[tuple[str, str, str]]:
    """Points that count as money, as it seems."""
    earned = (amount for trial in trials for amount in trial.course.room.earned.values())
    most = max(earned, default=Decimal(0))
    if study.pay.per_point is None and study.pay.most is None and most > DEAR * study.pay.base > 0:
        hook = next(step.score_hook for step in study.all_steps if step.score_hook)
        sentence = (
            f"Somebody earned {most:f} in a room that was made up, and gets {study.pay.base} for finishing."
        )
        yield hook, sentence, "If these are points, say in [pay] what one is worth: per_point = 0.01."


class _Trial:
    """A room of one kind that goes through the plan, with plausible answers; if `silent`, none from the last slot.

    The last `bots` slots are those of bots from the start.
    """

    def __init__(
        self, hooks: Hooks, study: Study, kind: RoomKind, silent: bool, past: Earlier, bots: int = 0
    ) -> None:
        self.hooks, self.study, self.kind, self.past = hooks, study, kind, past
        self.chance = random.Random(kind.name)
        self.failures: list[Failure] = []
        self.opened: set[str] = set()  # steps
        self.moved: list[tuple[Position, Moved]] = []
        self.judged: list[tuple[str, bool]] = []  # hooks of `valid`, and whether they took an answer
        self.left_empty: list[tuple[str, list[Failure]]] = []  # fields, and how `valid` failed without one
        self.silent = kind.size if silent else None
        during = kind.name if kind not in study.rooms else PLAYING
        first = study.first(during)
        assert first is not None
        self.first = study.plan[first]
        self.course = Course(study, self._room(bots), first, self._ask, Hearing(study))
        self.told: set[tuple[str, str]] = set()  # steps and what was said there, in other parts
        self._tell()

    async def play(self) -> None:
        plan, index = self.study.plan, cast(int | None, self.first.index)
        left = self.course.as_of(self.first)
        while index is not None:
            if not FIRST < plan[index].round < plan[index].step.repeat:
                asked = await self.course.begin(index, left)
                if asked != ():
                    await self._go_through(self.study.pages_at(index), asked)
                    left = self.course.as_of(self.study.pages_at(index)[-1])
            index = self.study.following(index)

    def _tell(self) -> None:
        """What was said in the parts before this one: alone and, where somebody answers at all, in a room."""
        for position in self.study.plan[: self.first.index]:
            step = position.step
            if (step.attempts and position.round > 1) or (self.silent and not step.is_solo):
                continue
            for field in (*step.fields, *step.results):
                self.told.add((step.name, field.name))
                slots = [seat.slot for seat in self.course.room.seats if not seat.bot]
                said = [(step.name, position.round, slot, field.name, self._value(field)) for slot in slots]
                self.course.hear(said)

    def _room(self, bots: int) -> networklab.Room:
        kind, draws, alone = self.kind, Draws(self.study.treatments, SEED), self.first.step.is_solo
        in_room = self.first.step.during != BEFORE
        treatment = draws.room(kind.name, 1) if in_room else {}
        types = [type_in(self.study, wanted, self.chance) for wanted in kind.types]
        seats = [
            networklab.Seat(
                slot,
                f"Player {slot}",
                type_,
                entry=self._entry(),
                treatment=drawn_at_door(self.study.treatments, SEED, slot - 1, type_, slot - 1)
                | treatment
                | (draws.player(type_, f"{kind.name}-1", slot) if in_room else {}),
                given=given_asked(self.study.files),
                earlier=self.past,
            )
            for slot, type_ in enumerate(types, 1)
        ]
        people = kind.size - bots
        seats[people:] = [
            networklab.Seat(
                seat.slot,
                seat.alias,
                "" if wanted == ANY else wanted,
                plays=False,
                treatment=seat.treatment,
                bot=True,
            )
            for seat, wanted in zip(seats[people:], kind.types[people:], strict=True)
        ]
        tied = () if alone else self.study.network_of(kind.name).ties(kind.size, SEED, types, kind.name)
        return networklab.Room(
            name=f"{kind.name}-1",
            kind=kind.name,
            number=1,
            seed=SEED,
            step=self.first.step.name,
            round=1,
            rounds=self.first.step.repeat,
            seats=tuple(seats),
            ties=tuple(networklab.Tie(*tie) for tie in tied),
            treatment=seats[0].treatment if alone else treatment,
            constants=self.study.constants,
        )

    async def _ask(self, hook: str, read: Callable[[Any], T], room: networklab.Room, *more: Any) -> T | None:
        """None where it failed."""
        try:
            return await self.hooks.ask(self.study, hook, read, room, *more)
        except HookError as error:
            self.failures.append(error.failure)
            return None

    async def _go_through(self, pages: Sequence[Position], asked: Asked) -> None:
        """From when they have opened until they end."""
        course = self.course
        slots = course.room.slots if asked is None else asked
        for page in pages:
            self.opened.add(page.step.name)
            there = self._who_comes_to(page, slots)
            if is_drawn_late(self.study, page):
                for slot in there:
                    await draw_in(course, page, slot)
            if page.step.fields and self.study.dropout.bot_hook and self.study.has_bots:
                await self._try_bot(page, slots[-1])
            acts = TrialActs(course, self.kind, page) if page.step.bot and slots else None
            if acts:
                await acts.try_all(tuple(slots))
            if slots:
                await try_mediators(course, page, slots)
            if page.step.moves:
                seats = [one for one in course.room.seats if one.plays or (acts and one.bot)]
                movers = [one.slot for one in seats if one.slot in slots and one.slot != self.silent]
                moved = await try_moves(course, page, movers, self.chance, acts)
                self.moved.append((page, moved))
            asked_of = {slot: course.limited(page, slot).fields for slot in slots}
            for nth, field in enumerate(page.step.fields):
                said = {
                    slot: self._value(asked_of[slot][nth], course.others_of(field, page, slot))
                    for slot in there
                }
                course.hear(
                    [(page.step.name, page.round, slot, field.name, value) for slot, value in said.items()]
                )
        for page in pages:
            if page.step.valid:
                there = self._who_comes_to(page, slots)
                self.judged += await try_valid(course, page, there)
                await self._try_empty(page, there[:1])
        for page in pages:
            if page.step.fills_in and page.step.on_timeout == "hook" and self.silent not in slots:
                await course.ask_on_timeout(page)  # which a room does only where somebody is silent
        lasted, ticks = sum(page.step.limit for page in pages), pages[0].step.clock
        lasted = max(lasted - A_WHILE, 0.0)
        course.room = replace(course.room, at=lasted, clock=ticks.value(lasted) if ticks else None)
        await course.end(pages[0].index, asked)
        course.room = replace(course.room, state=None, moves=(), at=0.0, clock=None)  # of that step alone

    async def _try_empty(self, page: Position, slots: Sequence[int]) -> None:
        known = len(self.failures)
        async for name in try_valid_without(self.course, page, slots):
            self.left_empty.append((name, self.failures[known:]))
            del self.failures[known:]

    def _who_comes_to(self, page: Position, slots: Sequence[int]) -> list[int]:
        """Where pages are drawn as somebody comes to them, one goes through all, and the others only begin."""
        theirs = self.course.those_for(page) if is_for_some(page.step) else slots
        speak = [slot for slot in slots if slot != self.silent and slot in theirs]
        return speak[:1] if is_drawn_late(self.study, page) and page.round > FIRST else speak

    async def _try_bot(self, page: Position, slot: int) -> None:
        before = self.course.room
        seats = (replace(one, plays=False, bot=True) if one.slot == slot else one for one in before.seats)
        self.course.room = replace(before, seats=tuple(seats))
        await self.course.answers_of_bot(page, slot)
        self.course.room = before

    def _entry(self) -> dict[str, networklab.Value]:
        said = welcome_answers(self.study, self.chance)
        return {field.name: read_value(field, said[field.name]) for field in self.study.entry}

    def _value(self, field: Field, others: Sequence[int] = ()) -> str:
        return plausible(field, self.chance, others)
