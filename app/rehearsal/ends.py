"""How it ended for each, and whether that is an end that they were to reach: by the study, and by what they did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from app.rehearsal.diary import Diary, Wrong
from app.rehearsal.page import step_of
from app.study.model.entrance import DECLINED, FAILED, FULL, SCREENED_OUT
from app.study.model.steps import AFTER, BEFORE
from app.study.model.study import RoomKind, Study

JUST_NOW = timedelta(seconds=1)  # who has come within this time may not have been seen by the lobby yet
NOT_YET = {
    "invited": "they had yet to come",
    "before": "they were still in [[before]]",
    "waiting": "they still wait",
    "playing": "they still play",
    "after": "they were still in [[after]]",
}


class SeatOf(NamedTuple):
    label: str
    type: str
    status: str
    outcome: str | None
    code: str | None
    room_id: int | None
    room: str | None
    slot: int | None
    step: str | None  # where that room was last …
    round: int | None  # … or is
    waiting_since: datetime | None
    since: datetime | None  # when they got the slot …
    until: datetime | None  # … and when it ended for them there, or in the lobby

    def sat(self, at: datetime) -> bool:
        return self.since is not None and self.since <= at and (self.until is None or at < self.until)

    @property
    def end(self) -> str:
        """The outcome, or else where they still are."""
        return self.outcome or self.status


class SoloPart(NamedTuple):
    """What somebody went through alone."""

    label: str
    room_id: int
    during: str  # before or after
    outcome: str | None
    step: str
    round: int
    since: datetime
    until: datetime | None

    @property
    def seat(self) -> SeatOf:
        """They have one, in a room of one."""
        at = (self.room_id, self.during, 1, self.step, self.round)
        return SeatOf(self.label, "", "", self.outcome, None, *at, None, self.since, self.until)


class Opening(NamedTuple):
    kind: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Ends:
    """`counts` has how it ended → for how many: an outcome of the study, or else a player's status. `words` says of
    each what was made of it."""

    counts: Mapping[str, int]
    words: Mapping[str, str]
    gone: int  # of all, how many left without a word
    wrongs: tuple[Wrong, ...]

    def __str__(self) -> str:
        said = [
            f"{count:,} {end}" + (f" ({self.words[end]})" if end in self.words else "")
            for end, count in self.counts.items()
        ]
        left = f". {self.gone:,} of them left without a word" if self.gone else ""
        return ", ".join(said) + left


def ends_of(
    study: Study,
    seats: Sequence[SeatOf],
    openings: Sequence[Opening],
    diaries: Sequence[Diary],
    cut: bool,
    parts: Sequence[SoloPart] = (),
) -> Ends:
    """`cut`: the session was to be closed while people play. `parts`: what they went through alone."""
    part_of = {(part.label, part.during): part for part in parts}
    diary_of = {diary.label: diary for diary in diaries}
    lefts = {seat.room_id for seat in seats if seat.room_id and seat.outcome in ("withdrawn", "dropped")}
    wrongs: list[Wrong] = []
    for seat in seats:
        diary = diary_of.get(seat.label)
        if diary is None or diary.gone:
            continue  # whatever becomes of somebody who has gone, they don't see it
        if why := _not_through(study, seat, diary, part_of, cut):
            wrongs.append(Wrong(4, f"{seat.label} {why}"))
        elif seat.end == "lobby":
            wrongs += () if cut else _in_vain(study, seat, seats, openings)
        elif why := _not_to_be(study, seat, diary, lefts, cut):
            wrongs.append(Wrong(4, f"{seat.label} {why}"))
    return Ends(
        _counted(seat.end for seat in seats), _words(study), sum(one.gone for one in diaries), tuple(wrongs)
    )


def ends_by_code(study: Study, diaries: Sequence[Diary]) -> Ends:
    """As far as players see it: from the codes on their last pages."""
    wrongs, found = [], []
    for diary in diaries:
        outcome = study.finish.outcome_of(diary.code) if diary.code else None
        end = outcome or ("unknown" if diary.code else "gone" if diary.gone else "no code")
        found.append(end)
        if diary.code and (why := _not_by_the_door(study, end, diary)):
            wrongs.append(Wrong(4, f"{diary.label} {why}"))
        if end == "lobby" and (diary.done or 0.0) - (diary.signed_in or 0.0) < study.lobby.max_wait - 1.0:
            wrongs.append(Wrong(4, f"{diary.label} was sent home before {_wait(study)} had passed"))
        elif end == "closed":
            wrongs.append(Wrong(4, f"{diary.label} had not come to the end when the session was closed"))
    return Ends(_counted(found), _words(study), sum(one.gone for one in diaries), tuple(wrongs))


def _not_to_be(study: Study, seat: SeatOf, diary: Diary, lefts: set[int], cut: bool) -> str:
    """Why it should not have ended like this; "" if it may."""
    end = seat.end
    if end in NOT_YET or (end == "closed" and not cut):
        where = f"at `{seat.step}` {seat.round} in {seat.room}" if seat.room else "in the lobby"
        came = f", {where}" if diary.signed_in is not None else ": they had yet to come"
        return f"had not come to the end when the session was closed{came}"
    if end == "withdrawn" and "withdrew" not in diary.mischief:
        return "was taken out as if they had withdrawn"
    if end == "dropped" and not diary.was_away:
        return "was taken for gone, and was there"
    if end == "partner_left" and seat.room_id not in lefts:
        return "was told that somebody in the room had left, and nobody had"
    if (end == "full" and not study.quotas) or (end == "standby" and not study.standby):
        return f"ended as `{end}`, which this study does not have"
    return _not_by_the_door(study, end, diary)


def _not_through(
    study: Study, seat: SeatOf, diary: Diary, parts: Mapping[tuple[str, str], SoloPart], cut: bool
) -> str:
    """Why somebody is not through with what they were to go through alone; "" if they are."""
    if cut or diary.meant or seat.end == "withdrawn" or "withdrew" in diary.mischief:
        return ""
    came_far = seat.since is not None or seat.end in ("lobby", "standby", "complete", "closed")
    due = {BEFORE: study.first(BEFORE) is not None and came_far, AFTER: study.goes_on(seat.end)}
    for during, is_due in due.items():
        part = parts.get((seat.label, during))
        if part is not None and part.outcome in ("closed", None):
            where = f"at `{part.step}` {part.round} in [[{during}]]"
            return f"had not come to the end when the session was closed, {where}"
        if part is None and is_due:
            return f"ended as `{seat.end}` and was never shown [[{during}]]"
    return ""


def _not_by_the_door(study: Study, end: str, diary: Diary) -> str:
    """The same of whoever has done what somebody does who is not to come in, and of whoever has not."""
    if diary.meant and end != diary.meant:
        return f"was to be out before the lobby as `{diary.meant}`, and ended as `{end}`"
    if not diary.meant and end in study.ends_at_door - {FULL, *_by_time(study, diary)}:
        return f"ended as `{end}`, though what they answered lets them in"
    return ""


def _by_time(study: Study, diary: Diary) -> set[str]:
    """The outcomes of pages before the lobby whose time was up before they had answered."""
    answered = {step_of(one.form) for one in diary.told}
    late = (one for one in study.plan if one.index in diary.shown.keys() - answered and one.step.timed)
    return {
        outcome for one in late if one.step.during == BEFORE for outcome in (one.step.decline, one.step.fails)
    }


def _in_vain(
    study: Study, seat: SeatOf, seats: Sequence[SeatOf], openings: Sequence[Opening]
) -> Iterator[Wrong]:
    """Whoever is sent home from the lobby has waited as long as the study says, and there was no room for them."""
    if seat.waiting_since is None or seat.until is None:
        return
    waited = (seat.until - seat.waiting_since).total_seconds()
    if waited < study.lobby.max_wait:
        yield Wrong(4, f"{seat.label} was sent home after {waited:.0f} s, before {_wait(study)} had passed")
    if study.lobby.seat_hook:
        return  # that is what it decides
    there = Counter(
        one.type
        for one in seats
        if one.waiting_since is not None
        and one.waiting_since <= seat.until - JUST_NOW
        and (one.since is None or one.since > seat.until)
        and (one.until is None or one.until >= seat.until)
    )
    made = Counter(one.kind for one in openings if one.at <= seat.until)
    for kind in study.rooms:
        open_to = kind.takes(seat.type) and kind.after <= waited and made[kind.name] < (kind.count or 10**9)
        if open_to and fills(kind, there):
            yield Wrong(4, f"{seat.label} was sent home, though enough people waited for a `{kind.name}`")
            return


def fills(kind: RoomKind, there: Mapping[str, int]) -> bool:
    """Whether people of these types, so many of each, are enough for a room of this kind, with bots if it takes any."""
    fit = sum(there.values()) if kind.takes("") else sum(there[one] for one in kind.seats if one in there)
    if kind.fills_after is not None and fit >= kind.people:
        return True
    typed = all(there.get(type_, 0) >= count for type_, count in kind.seats.items() if type_ != "any")
    return typed and fit >= kind.size


def _counted(ends: Iterator[str] | Sequence[str]) -> dict[str, int]:
    """Whoever finished first."""
    found = Counter(ends)
    return {end: found[end] for end in sorted(found, key=lambda end: (end != "complete", -found[end], end))}


def _words(study: Study) -> dict[str, str]:
    return {
        "lobby": f"they waited for {_wait(study)}, and no room could be filled",
        "closed": "they had not come to the end when the session was closed",
        FULL: "their quota was full",
        SCREENED_OUT: "by what they answered",
        FAILED: "they did not have all right",
        DECLINED: "they did not want to take part",
        "no code": "no page showed them one",
        **NOT_YET,
    }


def _wait(study: Study) -> str:
    seconds = study.lobby.max_wait
    return f"the {seconds / 60:g} min of `max_wait`" if seconds >= 60 else f"the {seconds:g} s of `max_wait`"
