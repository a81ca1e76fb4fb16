"""How long people were without the server when one of its hosts was gone: until they were at another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf

from app.rehearsal.diary import Diary

WITHIN = 10.0  # seconds in which everybody is at another host
SLOW = 1.0  # seconds after which an answer that came at the first try counts as held up

Others = Callable[
    [float, float], float
]  # seconds in which other programs had the processors, between two moments


def nobody_else(since: float, until: float) -> float:
    return 0.0


@dataclass(frozen=True, slots=True)
class CarriedOver:
    people: int  # whose page lost its stream, or whose form or page had to be sent again or waited
    longest: float  # seconds until each of these was live or answered again
    own: float  # the most of these in which no other programs had the processors
    there: int  # who can have noticed

    def __str__(self) -> str:
        if not self.there:
            return "nobody was there"
        people = f"{self.people:,} {'person was' if self.people == 1 else 'people were'} held up"
        return f"{people}, for {self.longest:.1f} s at most" if self.people else "nobody was held up"


def of_people(
    diaries: Sequence[Diary],
    moments: Sequence[float],
    since: float,
    until: float,
    in_order: bool = False,
    others: Others = nobody_else,
    spared: float = inf,
) -> CarriedOver:
    """Over what befell hosts between `since` and `until`: at those `moments` of it.

    `in_order`: they were ended so that each page had its stream until it was told to go elsewhere. `spared`: until
    when nothing else befell these people; what they wait for after it is for that.
    """
    within = [one for one in moments if since <= one <= until]
    waits = [
        [(begin, min(end, spared)) for begin, end in _waits(diary, within, until, in_order) if begin < spared]
        for diary in diaries
    ]
    spans = [span for its in waits for span in its]
    return CarriedOver(
        sum(any(end > begin for begin, end in its) for its in waits),
        max((end - begin for begin, end in spans), default=0.0),
        longest_own(spans, others),
        present(diaries, since, until),
    )


def longest_own(spans: Iterable[tuple[float, float]], others: Others) -> float:
    """The most seconds of one of them in which no other programs had the processors."""
    return max((end - begin - others(begin, end) for begin, end in spans), default=0.0)


def present(diaries: Iterable[Diary], since: float, until: float) -> int:
    """How many of them can have noticed what was between these moments: they asked for something, their page was
    without its stream, or it showed a room. A page in the lobby that nothing happened to has left no trace.
    """
    return sum(_was_there(diary, since, until) for diary in diaries)


def _was_there(diary: Diary, since: float, until: float) -> bool:
    return (
        any(ask.at <= until and ask.at + ask.seconds >= since for ask in diary.asks)
        or any(lost.at <= until and lost.back >= since for lost in diary.lost)
        or (diary.seated is not None and diary.seated <= until and diary.here_until >= since)
    )


def _waits(
    diary: Diary, moments: Sequence[float], until: float, in_order: bool
) -> Iterator[tuple[float, float]]:
    """From the last moment before, or from when it was sent, if that was later."""
    for lost in diary.lost:
        before = [one for one in moments if one <= lost.at <= until]
        if before:
            yield lost.at if in_order else before[-1], lost.back
    for ask in diary.asks:
        answered = ask.at + ask.seconds
        before = [one for one in moments if one <= answered and ask.at <= until]
        if before and (ask.tries > 1 or ask.seconds > SLOW):
            yield max(before[-1], ask.at), answered
