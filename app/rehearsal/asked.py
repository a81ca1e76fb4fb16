"""What everybody was asked, from the rooms' logs, and what became of it: answered, not in time, or never shown."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from app.rehearsal.diary import Diary, Wrong
from app.rehearsal.ends import JUST_NOW, SeatOf
from app.rooms.paths import is_for_some
from app.study.model.study import Study


class Open(NamedTuple):
    """A step that was open in a room, and the slots that it asked; None: all."""

    room_id: int
    position: int
    asked: list[int] | None
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of what people were asked. `forms` and `in_time` are of people who stayed (None: only the database
    knows), the others of everybody, in records.
    """

    forms: int | None
    in_time: int | None
    by_chance: int
    by_hook: int
    refused: int  # forms that the study did not take, though each field did
    misfits: int  # that were tried on purpose, and refused

    def words(self, hooks: str) -> str:
        lines = []
        if self.forms is not None and self.in_time is not None:
            lines.append(f"Whoever stayed was asked {self.forms:,} forms, {self.in_time:,} answered in time.")
        if self.by_hook:
            of_them = f"Of the answers {self.by_hook:,} were given by the study’s {hooks}"
            lines.append(f"{of_them}, {self.by_chance:,} by chance.")
        elif self.by_chance:
            lines.append(f"All {self.by_chance:,} answers were given by chance.")
        else:
            lines.append("Nothing was answered.")
        if self.refused:
            refused = "1 form was" if self.refused == 1 else f"{self.refused:,} forms were"
            lines.append(f"{refused} refused with a sentence.")
        if self.misfits:
            tried = "1 answer that does" if self.misfits == 1 else f"{self.misfits:,} answers that do"
            lines.append(
                f"{tried} not fit {'was' if self.misfits == 1 else 'were'} tried on purpose, and refused."
            )
        return " ".join(lines)


Answer = tuple[str, str, int]  # of whom, at which step and round


@dataclass(frozen=True, slots=True)
class Asked:
    """Forms that were put to people who stayed, each counted once for each of them."""

    forms: int
    in_time: int
    # Seconds from when a step opened until it stood on the page of somebody who looked at it.
    waits: tuple[float, ...]
    wrongs: tuple[Wrong, ...]

    @property
    def missed(self) -> int:
        return self.forms - self.in_time


def asked_of(
    study: Study,
    opened: Sequence[Open],
    answered: Collection[Answer],
    seats: Sequence[SeatOf],
    diaries: Sequence[Diary],
    patience: float,
) -> Asked:
    """`patience`: seconds for which a step may be open and not stand on the page of somebody who looks at it."""
    diary_of = {diary.label: diary for diary in diaries if not diary.gone}
    there: dict[int, list[SeatOf]] = {}
    for seat in seats:
        if seat.room_id is not None and seat.label in diary_of:
            there.setdefault(seat.room_id, []).append(seat)
    forms, in_time, wrongs, waits = 0, 0, [], []
    for one in opened:
        # Of those that some of a room go through, the logs don't tell who.
        pages = [
            page for page in study.pages_at(one.position) if page.step.fields and not is_for_some(page.step)
        ]
        for seat in there.get(one.room_id, ()) if pages else ():
            if not _is_asked(seat, one):
                continue
            forms += len(pages)
            for page in pages:
                diary = diary_of[seat.label]
                if page.index in diary.shown and not diary.was_away:
                    waits.append(diary.shown[page.index] - one.since.timestamp())
                if (seat.label, page.step.name, page.round) in answered:
                    in_time += 1
                elif _was_hidden(diary, page.index, one, patience):
                    what = f"`{page.step.name}` {page.round}"
                    wrongs.append(Wrong(5, f"{seat.label} was asked {what}, and it never stood on the page"))
    return Asked(forms, in_time, tuple(waits), tuple(wrongs))


def _is_asked(seat: SeatOf, one: Open) -> bool:
    """They sat there all the time that it was open."""
    asked = one.asked is None or seat.slot in one.asked
    came = seat.since is not None and seat.since - JUST_NOW <= one.since
    return asked and came and (seat.until is None or one.until is None or seat.until + JUST_NOW >= one.until)


def _was_hidden(diary: Diary, position: int, one: Open, patience: float) -> bool:
    if one.until is None or diary.was_away or position in diary.shown:
        return False
    return (one.until - one.since).total_seconds() > patience
