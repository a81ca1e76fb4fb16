"""Boards: what all in a room see of the moves at its step, drawn once for all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from app.rooms.moves import Made
from app.rooms.rooms import RoomView, Seat
from app.study.hooks.answers import read_value
from app.study.hooks.networklab import Value, unpack
from app.study.model.clocks import Clock
from app.study.model.fields import Field
from app.study.model.moves import MoveForm
from app.study.model.study import Position, Study
from app.web import templates

PAGE = "_move_made"  # of a study's own, in place of ours


@dataclass(frozen=True)
class ShownMove:
    """A move that was accepted, as a page says it: who made it, what they said, and when. It is drawn many times."""

    made: Made
    seat: Seat
    form: MoveForm
    ticks: Clock | None = None  # the step's

    @property
    def nth(self) -> int:
        """Of those handled at this step, from 1."""
        return self.made.nth

    @property
    def slot(self) -> int:
        return self.made.slot

    @property
    def name(self) -> str:
        return self.made.name

    @property
    def button(self) -> str:
        return self.form.button

    @property
    def at(self) -> float:
        """Seconds since the step opened, without pauses."""
        return self.made.at

    @property
    def clock(self) -> int | Decimal | None:
        """What the step's clock showed then, as hooks get it; None where it has none."""
        return None if self.ticks is None or self.made.clock is None else self.ticks.read(self.made.clock)

    @property
    def clock_said(self) -> str:
        """The same as people write it."""
        return "" if self.ticks is None or self.made.clock is None else self.ticks.written(self.made.clock)

    @cached_property
    def values(self) -> dict[str, Value]:
        """By field, as hooks get them."""
        return {one.name: read_value(one, self.made.values[one.name]) for one in self._fields}

    @cached_property
    def said(self) -> dict[str, str]:
        """What a field asks → what was said, as people write it."""
        return {one.ask: one.shown(self.made.values[one.name]) for one in self._fields}

    @property
    def _fields(self) -> list[Field]:
        """Those with an answer that everybody may see."""
        return [one for one in self.form.fields if self.made.values.get(one.name) and not one.private]


@dataclass(slots=True)
class ShownMoves:
    """The moves of one room's board as they were shown last. But for the newest they are the same on the next one."""

    by_nth: dict[int, ShownMove] = field(default_factory=dict)

    def moves(self, position: Position, view: RoomView) -> list[ShownMove]:
        seats, step, before = view.seats.by_slot, position.step, self.by_nth
        forms, found = {one.name: one for one in step.moves}, dict[int, ShownMove]()
        for made in view.board.moves:
            if made.name not in forms or made.slot not in seats:
                continue
            one, seat, form = before.get(made.nth), seats[made.slot], forms[made.name]
            if one is None or one.made is not made or one.seat is not seat or one.form is not form:
                one = ShownMove(made, seat, form, step.clock)
            found[made.nth] = one
        self.by_nth = found
        return list(found.values())


def board_html(study: Study, position: Position, view: RoomView, shown: ShownMoves | None = None) -> str:
    """The same for everybody in the room: nothing of one page goes in. What it is as of, bots can read."""
    made = view.board.moves[-1].nth if view.board.moves else 0
    context = board_context(study, position, view, shown)
    drawn = templates.render_own(study, PAGE, "player/_move_made.html", **context)
    return f'<data id="made" hidden value="{made}"></data>{drawn}'


def board_context(
    study: Study, position: Position, view: RoomView, shown: ShownMoves | None = None
) -> dict[str, Any]:
    """What a page of a study's own is given."""
    moves = (shown or ShownMoves()).moves(position, view)
    return dict(study=study, state=unpack(view.board.state), moves=moves, seats=view.seats)
