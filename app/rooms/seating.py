"""Seating: who sits down with whom and why, and what those who wait can hope for. Nothing here asks the database."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.study.durations import as_clock
from app.study.model.study import ANY, RoomKind, Study


@dataclass(frozen=True, slots=True)
class Waiting:
    player_id: int
    type: str
    waited: float  # seconds
    logged: bool = True  # that they came
    stands_by: float | None = None  # for so many seconds still; None: they wait for a room of their own


@dataclass(frozen=True, slots=True)
class Placement:
    """A room to open: who gets which kind of seat, and why."""

    kind: RoomKind
    number: int
    seats: tuple[tuple[int, str], ...]  # player id, the type the seat asks for
    reason: str
    bots: tuple[str, ...] = ()  # what the seats ask for that bots take


@dataclass(frozen=True, slots=True)
class Prospect:
    """What somebody of one type waits for: `have` of `need` people of the first room open to them are here."""

    have: int
    need: int
    after: float  # seconds of waiting from which on this room takes them
    fallback_after: float | None  # seconds of waiting after which another kind of room takes them too
    bots_after: float | None = None  # … after which bots take the seats that some room open to them lacks
    people: int = 1  # who must be here for that


def decide(kinds: Sequence[RoomKind], waiting: Sequence[Waiting], made: Mapping[str, int]) -> list[Placement]:
    """Which rooms to open for those who wait (oldest first), trying `kinds` in order.

    A kind with `after` takes only people who have waited that long. Once somebody has waited for its `bots_after`, bots
    take the seats for which nobody is there. `made`: how many rooms there are of each kind.
    """
    placements: list[Placement] = []
    gone: set[int] = set()
    for kind in kinds:
        queues: dict[str, deque[tuple[int, Waiting]]] = {}
        for nth, one in enumerate(waiting):
            if one.player_id not in gone and one.waited >= kind.after:
                queues.setdefault(one.type, deque()).append((nth, one))
        number = made.get(kind.name, 0)
        while kind.count is None or number < kind.count:
            taken = _take(kind, queues) or _take_some(kind, queues)
            if taken is None:
                break
            number += 1
            gone.update(one.player_id for one, _ in taken)
            seats = tuple((one.player_id, wanted) for one, wanted in taken)
            bots = tuple((Counter(kind.types) - Counter(wanted for _, wanted in taken)).elements())
            reason = f"{_who_waited([one for one, _ in taken], len(bots))}; `{kind.name}` #{number}"
            placements.append(Placement(kind, number, seats, reason, bots))
    return placements


def _take(kind: RoomKind, queues: dict[str, deque[tuple[int, Waiting]]]) -> list[tuple[Waiting, str]] | None:
    """The oldest people for one room of this kind, taken off their queues; None and nothing taken if some lack."""
    named = {type_: count for type_, count in kind.seats.items() if type_ != "any"}
    free = kind.seats.get("any", 0)
    if any(len(queues.get(type_, ())) < count for type_, count in named.items()):
        return None
    if sum(map(len, queues.values())) < kind.size:
        return None
    taken = [(queues[type_].popleft()[1], type_) for type_, count in named.items() for _ in range(count)]
    for _ in range(free):
        oldest = min((queue for queue in queues.values() if queue), key=lambda queue: queue[0][0])
        taken.append((oldest.popleft()[1], "any"))
    return taken


def _take_some(
    kind: RoomKind, queues: dict[str, deque[tuple[int, Waiting]]]
) -> list[tuple[Waiting, str]] | None:
    """The oldest people for a room of this kind in which bots take the other seats; None if it is not time for that."""
    fits = {type_: queue for type_, queue in queues.items() if queue and kind.takes(type_)}
    longest = max((queue[0][1].waited for queue in fits.values()), default=0.0)
    if kind.fills_after is None or not fits or longest < kind.fills_after:
        return None
    here = {type_: len(queue) for type_, queue in fits.items()}
    people = kind.size - sum(missing(kind, here).values())
    if people < kind.people:
        return None
    named = {type_: min(count, here.get(type_, 0)) for type_, count in kind.seats.items() if type_ != ANY}
    seats = {type_: count for type_, count in named.items() if count} | {ANY: people - sum(named.values())}
    return _take(replace(kind, seats=seats), fits)


def _who_waited(people: Sequence[Waiting], bots: int) -> str:
    types = Counter(one.type for one in people)
    longest = as_clock(max(one.waited for one in people))
    if len(people) == 1:
        said = f"1 {people[0].type or 'person'} was waiting {longest}"
    else:
        who = " + ".join(f"{count} {type_ or 'people'}" for type_, count in types.items())
        said = f"{who} were waiting, the longest {longest}"
    return f"{said}; {bots} bot{'s' * (bots > 1)}" if bots else said


def next_look(study: Study, waited: Sequence[float], running: bool) -> float | None:
    """Seconds until somebody who waits reaches some `after` or the longest wait; None if nobody waits."""
    marks = [study.lobby.max_wait]
    for kind in study.rooms if running else ():
        marks += [kind.after] if kind.fills_after is None else [kind.after, kind.fills_after]
    ahead = [mark - one for one in waited for mark in marks if mark > one]
    return min(ahead, default=None)


def open_kinds(study: Study, made: Mapping[str, int]) -> list[RoomKind]:
    """Those of which another room may open. `made`: how many rooms there are of each kind."""
    return [kind for kind in study.rooms if kind.count is None or made.get(kind.name, 0) < kind.count]


def prospects(
    study: Study, waiting: Mapping[str, int], made: Mapping[str, int]
) -> dict[str, Prospect | None]:
    """For each type that waits, the first kind of room that could take it; None if none can any more."""
    return {type_: _prospect(study, type_, waiting, made) for type_ in waiting}


def _prospect(
    study: Study, type_: str, waiting: Mapping[str, int], made: Mapping[str, int]
) -> Prospect | None:
    open_to = [kind for kind in open_kinds(study, made) if kind.takes(type_)]
    if not open_to:
        return None
    first = open_to[0]
    have = first.size - sum(missing(first, waiting).values())
    later = [kind.after for kind in open_to[1:] if kind.after > first.after]
    # Only what nobody can take away: where few rooms are left, others may have them by then.
    sure = [] if study.lobby.seat else [kind for kind in open_to if kind.count is None]
    fills = [(kind.fills_after, kind.people) for kind in sure if kind.fills_after is not None]
    bots_after, people = min(fills, default=(None, 1))
    return Prospect(have, first.size, first.after, min(later, default=None), bots_after, people)


def missing(kind: RoomKind, waiting: Mapping[str, int]) -> dict[str, int]:
    """How many more of which type a room of this kind needs."""
    lacking = {
        type_: count - min(count, waiting.get(type_, 0))
        for type_, count in kind.seats.items()
        if type_ != "any"
    }
    spare = sum(waiting.values()) - sum(
        count - lacking[type_] for type_, count in kind.seats.items() if type_ != "any"
    )
    lacking["any"] = max(0, kind.seats.get("any", 0) - spare)
    return {type_: count for type_, count in lacking.items() if count}
