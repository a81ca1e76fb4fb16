"""Whether what came of moves reached the pages of all in the room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from app.rehearsal.diary import Diary, Wrong
from app.rehearsal.ends import SeatOf


class Taken(NamedTuple):
    """A move that the study has accepted: all at its step are to see that."""

    room_id: int
    position: int
    nth: int
    at: datetime  # when that was
    until: datetime | None  # when the step was over; None: it is not


def seen_moves(
    taken: Sequence[Taken], seats: Sequence[SeatOf], diaries: Sequence[Diary], moment: float
) -> Iterator[Wrong]:
    """Of each step, the last that stood there for a moment: who has seen what came of that has seen all before it."""
    diary_of, within = {diary.label: diary for diary in diaries}, timedelta(seconds=moment)
    last = {
        (one.room_id, one.position): one
        for one in sorted(taken, key=lambda one: one.nth)
        if one.until is None or one.at + within < one.until
    }
    for seat in seats:
        reader = diary_of.get(seat.label)
        if reader is None or reader.was_away or seat.room_id is None:
            continue
        for position, nth in reader.boards.items():
            one = last.get((seat.room_id, position))
            if one and nth < one.nth and seat.sat(one.at) and seat.sat(one.at + within):
                yield Wrong(5, f"{reader.label} saw {nth} of {one.nth} moves at step {position + 1}")
