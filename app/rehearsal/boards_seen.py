"""Whether what came of moves reached the pages of all in the room."""

from __future__ import annotations

from collections import defaultdict
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
    """Of each step, the last that stood there for a moment while they sat there: who has seen what came of that has
    seen all before it. Their part ends a little before the room does, which a move may have stood just long enough for.
    """
    diary_of, within = {diary.label: diary for diary in diaries}, timedelta(seconds=moment)
    stood = defaultdict[tuple[int, int], list[Taken]](list)
    for one in sorted(taken, key=lambda one: one.nth, reverse=True):
        if one.until is None or one.at + within < one.until:
            stood[one.room_id, one.position].append(one)
    for seat in seats:
        reader = diary_of.get(seat.label)
        if reader is None or reader.was_away or seat.room_id is None:
            continue
        for position, nth in reader.boards.items():
            theirs = (
                one.nth
                for one in stood[seat.room_id, position]
                if seat.sat(one.at) and seat.sat(one.at + within)
            )
            if nth < (last := next(theirs, 0)):
                yield Wrong(5, f"{reader.label} saw {nth} of {last} moves at step {position + 1}")
