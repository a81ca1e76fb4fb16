"""Seating: who sits down with whom and why, who is asked first, who stands by, and when to look again.

Nothing here asks the database: `lobby.seat` reads, has a plan made and carries it out; the what-if of the replay has
the same one made.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.rooms import readiness
from app.rooms.readiness import Gathering, Settled
from app.study.durations import as_clock
from app.study.model.study import ANY, RoomKind, Study

STANDBY_LOOK = 5.0  # seconds after which it is looked again whether some room still needs who stands by
BUSY_LOOK = 0.5  # the same, where a room that needs somebody was busy
ABSENT_LOOK = 2.0  # seconds until it is looked again whether somebody who was not there has come back
HOOK_LOOK = 5.0  # seconds until the hook is asked again while somebody waits: it may go by how long they have


@dataclass(frozen=True, slots=True)
class Waiting:
    player_id: int
    type: str
    waited: float  # seconds: from the start, or from coming if that is later; before the start, from coming
    logged: bool = True  # that they came
    stands_by: float | None = None  # for so many seconds still; None: they wait for a room of their own
    queued: float | None = None  # seconds in the queue; None: as long as they have waited
    present: bool = True  # gave a sign of late, where the study asks for one

    @property
    def in_queue(self) -> float:
        return self.waited if self.queued is None else self.queued


@dataclass(frozen=True, slots=True)
class Placement:
    """A room to open: who gets which kind of seat, and why."""

    kind: RoomKind
    number: int
    seats: tuple[tuple[int, str], ...]  # player id, the type the seat asks for
    reason: str
    bots: tuple[str, ...] = ()  # what the seats ask for that bots take

    def numbered(self, number: int) -> Placement:
        """Its number is known for good only as it opens: rooms that come together meanwhile may come to nothing."""
        before, now = (f"`{self.kind.name}` #{which}" for which in (self.number, number))
        said = self.reason.removesuffix(before) + now if self.reason.endswith(before) else self.reason
        return replace(self, number=number, reason=said)


@dataclass(frozen=True, slots=True)
class Vacancy:
    """A slot that nobody has taken since this player left it, in a room that goes on."""

    player_id: int
    type: str  # that the slot asks for


@dataclass(frozen=True, slots=True)
class Underway:
    """Of the rooms that go on: what they have for those for whom no room opens any more."""

    vacancies: Sequence[Vacancy] = ()  # the longest empty first
    busy: bool = False  # some rooms could not be looked at
    types: Collection[str] = ()  # of their slots: who stands by may be needed there


@dataclass(frozen=True, slots=True)
class LobbyView:
    """A lobby as it is at one moment, and the rooms that there are; a plan is made from it."""

    waiting: Sequence[Waiting]  # as `oldest_first` has them
    made: Mapping[str, int]  # how many rooms there are of each kind
    running: bool = True  # else it has not started, and nobody sits down
    at_once: str | None = None  # rooms of this kind take people however short they have waited
    chosen: Sequence[Placement] | None = None  # what the study's hook opens; None: it has not been asked
    underway: Underway | None = None  # None: it has not been looked at
    gatherings: Sequence[Gathering] = ()  # rooms that come together; who is to sit in them waits, too


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done about those who wait. Players are named by their ids."""

    opens: Sequence[Placement]
    takes: Sequence[tuple[Vacancy, int]]  # who goes on in which slot that somebody left
    overdue: Sequence[int]  # leave: they have waited as long as anybody may
    relieved: Sequence[int]  # leave: they stood by, and no room needs them, or their time is up
    stand_by: Sequence[int]  # from now on
    hopeless: Sequence[Waiting]  # for whom no room opens any more
    look: float | None  # seconds until the lobby is to be looked at again; None: nobody waits for anything
    # Rooms that open as soon as those who are to sit there say that they are ready
    asks: Sequence[Placement] = ()
    # Whose word for another room holds; seconds since
    ready: Mapping[int, float] = field(default_factory=dict)
    missed: Collection[int] = ()  # have not said so in time: they come last in the queue
    ended: Sequence[int] = ()  # gatherings that open now, or have come to nothing

    @property
    def seated(self) -> int:
        return sum(len(placement.seats) for placement in self.opens) + len(self.takes)


def oldest_first(waiting: Iterable[Waiting]) -> list[Waiting]:
    """Who has been in the queue longest comes first: those who came before the start have all waited as long."""
    return sorted(waiting, key=lambda one: (-one.in_queue, one.player_id))


def plan(study: Study, view: LobbyView) -> Plan:
    """What is to be done about those who wait.

    Rooms that are underway have to be locked to be looked at, so only do it where some are `hopeless`: made once more
    with what is `underway`, the plan opens the same rooms, and says who takes a slot over and who stands by.
    """
    settled = _settle(view)
    opens, asks = _rooms(study, view, settled)
    made = Counter(view.made) + Counter(one.kind.name for one in (*opens, *asks))
    made += Counter(one.kind for one in settled.waits)
    called = {player_id for placement in (*opens, *asks) for player_id, _ in placement.seats}
    left = _without(_free(view, settled), called)
    hopeless = _hopeless(study, view, made, [one for one in left if one.present])
    takes = _takes(hopeless, view.underway.vacancies) if view.underway else []
    taken = [player_id for _, player_id in takes]
    own = [one for one in _without(left, taken) if one.stands_by is None]
    overdue = [one.player_id for one in own if one.waited >= study.lobby.longest(view.running)]
    stay, new, relieved = _standby(study, view.underway, _without(hopeless, taken + overdue))
    look = _look(study, view, _without(own, overdue), bool(stay or new))
    lefts = [one.left for one in settled.waits] + [study.lobby.ready or 0.0] * bool(asks)
    look = min([*lefts, *([] if look is None else [look])], default=None)
    ended = [one.id for one in (*settled.opens, *settled.over)]
    return Plan(
        opens, takes, overdue, relieved, new, hopeless, look, asks, settled.ready, settled.missed, ended
    )


def choosable(study: Study, view: LobbyView) -> LobbyView:
    """As a hook sees it that seats: those who are there and not asked for a room already.

    Whose time is up is not asked any more, or two who never click would be asked for ever.
    """
    settled = _settle(view)
    made = Counter(view.made) + Counter(one.kind for one in (*settled.opens, *settled.waits))
    patience = study.lobby.max_wait if study.lobby.ready else float("inf")
    here = [one for one in _free(view, settled) if one.present and one.waited < patience]
    return replace(view, waiting=here, made=made)


def _settle(view: LobbyView) -> Settled:
    return readiness.settle(view.gatherings, {one.player_id: one.type for one in view.waiting})


def _free(view: LobbyView, settled: Settled) -> list[Waiting]:
    """Who is not asked for a room already; who has just missed one comes last."""
    held = settled.held
    free = [one for one in view.waiting if one.player_id not in held]
    return sorted(free, key=lambda one: one.player_id in settled.missed)


def _rooms(study: Study, view: LobbyView, settled: Settled) -> tuple[list[Placement], list[Placement]]:
    """Those that open now, and those of which people are asked first."""
    kinds = {kind.name: kind for kind in study.rooms}
    opens = [Placement(kinds[one.kind], one.number, one.seats, one.reason, one.bots) for one in settled.opens]
    asks: list[Placement] = []
    for placement in _new(study, view):
        sure = study.lobby.ready is None or all(player in settled.ready for player, _ in placement.seats)
        (opens if sure else asks).append(placement)
    numbers = Counter(view.made)
    for nth, placement in enumerate(opens):
        numbers[placement.kind.name] += 1
        opens[nth] = placement.numbered(numbers[placement.kind.name])
    return opens, asks


def _new(study: Study, view: LobbyView) -> Sequence[Placement]:
    if not view.running:
        return []
    if study.lobby.seat_hook and not view.at_once:
        return view.chosen or []
    kinds = [replace(kind, after=0.0) if kind.name == view.at_once else kind for kind in study.rooms]
    free = choosable(study, view)
    return decide(kinds, free.waiting, free.made)


def _hopeless(
    study: Study, view: LobbyView, made: Mapping[str, int], left: Sequence[Waiting]
) -> list[Waiting]:
    """For whom no room opens any more, where the study has something for them. First who stands by already."""
    if not view.running or not (study.standby or study.fills_places):
        return []
    kinds = open_kinds(study, made)
    found = [
        one for one in left if one.stands_by is not None or not any(kind.takes(one.type) for kind in kinds)
    ]
    return sorted(found, key=lambda one: one.stands_by is None)


def _takes(people: Sequence[Waiting], vacancies: Sequence[Vacancy]) -> list[tuple[Vacancy, int]]:
    """These people, whose turn comes in this order, take the slots that are empty."""
    left, takes = list(people), []
    for vacancy in vacancies:
        newcomer = next((one for one in left if vacancy.type in (ANY, one.type)), None)
        if newcomer is not None:
            left.remove(newcomer)
            takes.append((vacancy, newcomer.player_id))
    return takes


def _standby(
    study: Study, underway: Underway | None, hopeless: Sequence[Waiting]
) -> tuple[list[int], list[int], list[int]]:
    """Who of these stays, who stands by from now on, and who did and does no more.

    One stands by as long as some room that goes on could need them.
    """
    if underway is None or study.standby is None:
        return [one.player_id for one in hopeless], [], []
    needed = {one.type for one in hopeless if one.type in underway.types or ANY in underway.types}
    standing = [one for one in hopeless if one.stands_by is not None]
    stay = [one.player_id for one in standing if one.stands_by and one.stands_by > 0 and one.type in needed]
    new = [one.player_id for one in hopeless if one.stands_by is None and one.type in needed]
    relieved = [one.player_id for one in standing if one.player_id not in stay]
    return stay, new[: max(0, study.standby.places - len(stay))], relieved


def _look(study: Study, view: LobbyView, own: Sequence[Waiting], some_hope: bool) -> float | None:
    """`own`: who waits for a room of their own; `some_hope`: others do for a slot in one that goes on."""
    looks = [next_look(study, [one.waited for one in own], view.running)]
    if view.underway and some_hope:
        looks.append(BUSY_LOOK if view.underway.busy else STANDBY_LOOK)
    if view.running and any(not one.present for one in view.waiting):
        looks.append(ABSENT_LOOK)
    look = min((one for one in looks if one is not None), default=None)
    if study.lobby.seat_hook and look is not None:
        return 0.0 if view.chosen is None else min(look, HOOK_LOOK)
    return look


def _without(people: Iterable[Waiting], player_ids: Iterable[int]) -> list[Waiting]:
    out = set(player_ids)
    return [one for one in people if one.player_id not in out]


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
    longest = max((one.waited for queue in fits.values() for _, one in queue), default=0.0)
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
    typed = ", ".join(f"{count} {type_ or 'of no type'}" for type_, count in types.items())
    if len(people) == 1:
        said = f"1 person was waiting {longest}" + f" ({people[0].type})" * bool(people[0].type)
    else:
        said = f"{len(people)} people were waiting" + f" ({typed})" * any(types) + f", the longest {longest}"
    return f"{said}; {bots} bot{'s' * (bots > 1)}" if bots else said


def next_look(study: Study, waited: Sequence[float], running: bool) -> float | None:
    """Seconds until somebody who waits reaches some `after` or the longest wait; None if nobody waits."""
    marks = [study.lobby.longest(running)]
    for kind in study.rooms if running else ():
        marks += [kind.after] if kind.fills_after is None else [kind.after, kind.fills_after]
    ahead = [mark - one for one in waited for mark in marks if mark > one]
    return min(ahead, default=None)


def open_kinds(study: Study, made: Mapping[str, int]) -> list[RoomKind]:
    """Those of which another room may open. `made`: how many rooms there are of each kind."""
    return [kind for kind in study.rooms if kind.count is None or made.get(kind.name, 0) < kind.count]


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
