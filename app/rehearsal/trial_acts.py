"""A step's own `bot` in a trial: asked what it would do with the page of a seat in a room that is made up. And what a
channel's `on_message` would answer there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from app.rehearsal.made_up_places import view_of
from app.rooms import channels
from app.rooms.limits import Told, told_to
from app.rooms.moves import EMPTY, MoveBoard
from app.rooms.seen import bots_room, on_page, room_of
from app.rooms.steps import Course
from app.study.hooks import networklab
from app.study.hooks.acts import BotAct, ask_bot, questions_of, read_line
from app.study.hooks.answers import stored_value
from app.study.hooks.networklab import Say, Wait
from app.study.model.networks import Tie
from app.study.model.steps import ROLE
from app.study.model.study import Position, RoomKind

WORDS = "Hello, shall we?"


async def try_mediators(course: Course, position: Position, slots: Sequence[int]) -> None:
    """Each as somebody has written, once more as two have, and, where it waits, when nobody has written meanwhile."""
    for channel in position.step.channels:
        if channel.on_message:
            read = partial(read_line, channel, course.room.slots)
            said = tuple(networklab.Message(slot, WORDS, channel.name) for slot in (slots[0], *slots[-1:]))
            waits = False
            for turn, new in enumerate((said[:1], said, ())):
                if new or waits:
                    heard = said[:1] if turn == 0 else (said[0], *said)
                    room = replace(
                        course.as_of(position), messages=heard, left=position.step.limit, turn=turn
                    )
                    waits = isinstance(await course.ask(channel.on_message, read, room, new), Wait)


class TrialActs:
    """At one step of one room. `heard` is what was said there so far."""

    def __init__(self, course: Course, kind: RoomKind, position: Position) -> None:
        self.course, self.kind, self.position = course, kind, position
        self.heard: list[networklab.Message] = []
        self.turns: dict[int, int] = {}  # slot → how many it has had

    async def try_all(self, slots: tuple[int, ...]) -> None:
        """Each as the step opens, and once more when somebody has said something."""
        step = self.position.step
        for slot in slots:
            await self.ask(slot, EMPTY)
        if step.talks:
            self.heard.append(networklab.Message(slots[0], WORDS, step.talks[0].name))
            for slot in slots[1:]:
                await self.ask(slot, EMPTY)

    async def ask(self, slot: int, board: MoveBoard, refused: str = "", at: float = 0.0) -> BotAct:
        course, position, step = self.course, self.position, self.position.step
        whole = course.as_of(position)
        ties = [Tie(one.from_slot, one.to_slot, one.weight) for one in whole.ties]
        view = view_of(self.kind, position, ties=ties, board=board)
        me, told = view.seats.by_slot[slot], self._told(whole)
        everybody = dict.fromkeys((one.name for one in step.channels), frozenset(whole.slots))
        partners = channels.partners_of(step, view, me, everybody)
        page = on_page(course.study, position, view, me, told, partners)
        named = whole.slots if step.moves else page.aliases
        seats = [networklab.Seat(one, f"Player {one}", "", bot=one == slot) for one in named]
        turn = self.turns.get(slot, 0)
        self.turns[slot] = turn + 1
        treatment = dict(whole.seat(slot).treatment)
        for one in whole.all_said:
            if (one.name, one.slot) == (ROLE, slot):
                treatment[ROLE] = str(one.value)
        forms = [one for one in step.moves if one.is_for(treatment)]
        limited = step.limited(told_to(course.study, position, slot, told))
        others = {one.name: course.others_of(one, position, slot) for one in step.fields}
        questions = questions_of(limited.fields, others)
        room = bots_room(
            room_of(course.study, position, whole.seed, seats, page, page.said),
            *(position, slot, board, self.heard, forms, refused),
            *(at, max(step.limit - at, 0.0)),
        )
        room = replace(room, turn=turn)
        act = await ask_bot(course.ask, limited, limited.fields, forms, room, slot, questions)
        if isinstance(act, Say):
            self.heard.append(networklab.Message(slot, act.body, act.channel, act.to))
        return act

    def _told(self, whole: networklab.Room) -> Told:
        return {
            (one.slot, one.step, one.round, one.name): stored_value(
                self.course.hearing.fields[one.step, one.name], one.value
            )
            for one in whole.all_said
            if (one.step, one.name) in self.course.hearing.fields
        }
