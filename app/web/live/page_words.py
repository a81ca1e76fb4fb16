"""`mine`, `room` and `of` of a study's own page: what was said, as values to print and to count with."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from jinja2 import Undefined

from app.rooms.limits import Told, last_said, told_last
from app.rooms.rooms import RoomView, Seat
from app.study.hooks.answers import read_value
from app.study.model.steps import ROOM
from app.study.model.study import Position, Study


class Unsaid(Undefined):
    """What nobody has said: it prints as a dash, counts as nothing, and breaks no page. `is defined` tells."""

    __slots__ = ()

    def _itself(self, *_: object) -> Unsaid:
        return self

    def _never(self, _: object) -> bool:
        return False

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _itself  # type: ignore[assignment]
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = _itself  # type: ignore[assignment]
    __mod__ = __rmod__ = __pow__ = __rpow__ = __neg__ = __pos__ = _itself  # type: ignore[assignment]
    __getitem__ = __call__ = _itself  # type: ignore[assignment]
    __lt__ = __le__ = __gt__ = __ge__ = _never  # type: ignore[assignment]

    def __str__(self) -> str:
        return "–"


class SaidOnPage:
    """What `words.NAME` is on a page. No other attribute has a name that a page could mean."""

    __slots__ = ("_find",)

    def __init__(self, find: Callable[[str], Any]) -> None:
        self._find = find

    def __getitem__(self, name: str) -> Any:
        return self._find(name)


def words(study: Study, position: Position, view: RoomView, me: Seat, told: Told) -> dict[str, object]:
    """For the page of whoever sits in `me`. `told` has all that the page asks for."""

    @cache
    def places(name: str) -> tuple[Position, ...]:
        return last_said(study, position, name)

    def said(slot: int, name: str) -> Any:
        last = told_last(told, slot, name, places(name))
        field = last and last[0].step.field_named(name)
        return read_value(field, last[1]) if field and last else Unsaid(name=name)

    def of_room(name: str) -> Any:
        there = places(name)
        field = there[0].step.field_named(name) if there else None
        if field and field.of == ROOM:
            return said(me.slot, name)
        every = (said(seat.slot, name) for seat in view.seats)
        return tuple(one for one in every if not isinstance(one, Unsaid))

    def of(seat: Seat | int | None) -> SaidOnPage:
        slot = seat.slot if isinstance(seat, Seat) else seat
        return SaidOnPage(lambda name: Unsaid(name=name) if slot is None else said(slot, name))

    seen = view.neighbours(me.slot)
    return dict(
        mine=SaidOnPage(lambda name: said(me.slot, name)),
        room=SaidOnPage(of_room),
        of=of,
        partner=seen[0] if len(seen) == 1 else None,
    )
