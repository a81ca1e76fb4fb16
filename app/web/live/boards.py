"""Boards: what all in a room see of the moves at its step, drawn once for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.rooms.rooms import RoomView, Seat
from app.study.hooks.answers import read_made
from app.study.hooks.networklab import Value, unpack
from app.study.model.study import Position, Study
from app.web import templates

PAGE = "_move_made"  # of a study's own, in place of ours


@dataclass(frozen=True, slots=True)
class ShownMove:
    """A move that was accepted: who made it, what they said, typed and as people write it, and when."""

    nth: int
    slot: int
    seat: Seat
    name: str
    button: str
    values: Mapping[str, Value]
    said: Mapping[str, str]  # what a field asks → what was said
    at: float


def board_html(study: Study, position: Position, view: RoomView) -> str:
    """The same for everybody in the room: nothing of one page goes in."""
    return templates.render_own(
        study,
        PAGE,
        "player/_move_made.html",
        study=study,
        state=unpack(view.board.state),
        moves=_shown(position, view),
        seats=view.seats,
    )


def _shown(position: Position, view: RoomView) -> list[ShownMove]:
    """In their order."""
    seats, found = {seat.slot: seat for seat in view.seats}, list[ShownMove]()
    for made in view.board.moves:
        form, seat = position.step.move_named(made.name), seats.get(made.slot)
        if form is None or seat is None:
            continue  # the study was mended since
        written = form.written(made.values)
        values = read_made(form, made.slot, written, made.at).values
        said = {
            one.ask: one.shown(made.values[one.name])
            for one in form.fields
            if made.values.get(one.name) and not one.private
        }
        values = {one.name: values[one.name] for one in form.fields if one.name in values and not one.private}
        found.append(ShownMove(made.nth, made.slot, seat, made.name, form.button, values, said, made.at))
    return found
