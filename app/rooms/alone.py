"""What becomes of somebody at a solo step: whether they had it right, and with which outcome they are out."""

from __future__ import annotations

from collections.abc import Mapping

from app.study.hooks import networklab
from app.study.hooks.answers import stored_value
from app.study.model.fields import Field
from app.study.model.study import Position

SLOT = 1  # of whoever is alone
Fields = Mapping[tuple[str, str], Field]  # by step and name


def had_right(room: networklab.Room, fields: Fields, position: Position) -> bool:
    """Whether the answers there are right, of a step that has right answers. None is not."""
    return not position.step.wrong_in(_said_at(room, fields, position))


def out_of(room: networklab.Room, fields: Fields, position: Position, answered: bool) -> str:
    """The outcome with which whoever is there is out as it ends; "" for none.

    `answered`: by themselves, if only by leaving empty what may be.
    """
    step = position.step
    if step.attempts and position.round == step.attempts and not had_right(room, fields, position):
        return step.fails
    if step.decline and not answered:
        return step.decline  # its time was up
    return ""


def _said_at(room: networklab.Room, fields: Fields, position: Position) -> dict[str, str]:
    """As it is stored."""
    here = (position.step.name, position.round, SLOT)
    return {
        one.name: stored_value(fields[one.step, one.name], one.value)
        for one in room.all_said
        if (one.step, one.round, one.slot) == here
    }
