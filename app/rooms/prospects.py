"""Prospects: what somebody who waits in the lobby waits for, as their page tells it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

from app.database import clock
from app.database.connections import Connection
from app.database.queries import Queries, value
from app.rooms.seating import Waiting, decide, missing, open_kinds
from app.study.model.study import ANY, RoomKind, Study

SQL = Queries(__name__)
OF_LATE = timedelta(minutes=3)  # within which people have come who tell how many more will …
SPAN, FEWEST = 30.0, 3  # … once that many seconds have passed since the start, and that many have come
LOOK = 15.0  # seconds between two looks ahead …
LOOKS = 60  # … of which there are no more than so many
MINUTE = 60.0  # seconds
# Since a page without scripts asked for something, for which it counts as there
THERE = timedelta(seconds=90)
EXACT = 20  # people ahead of somebody in the queue; more are said in tens


@dataclass(frozen=True, slots=True)
class Prospect:
    """What somebody of one type waits for: `have` of `need` people of the first room open to them are here."""

    have: int
    need: int
    after: float  # seconds of waiting from which on this room takes them
    fallback_after: float | None  # seconds of waiting after which another kind of room takes them too
    bots_after: float | None = None  # … after which bots take the seats that some room open to them lacks
    people: int = 1  # who must be here for that
    minutes: int | None = None  # after which all of this type who wait now sit, as people are coming

    def minutes_before(self, end: datetime) -> int | None:
        """None, too, for who may have left by then."""
        stays = self.minutes is not None and clock.now() + timedelta(minutes=self.minutes) <= end
        return self.minutes if stays else None


@dataclass(frozen=True, slots=True)
class QueuePlace:
    """Of somebody in a queue that is longer than the next room has places for it.

    `ahead` came before and wait for the same places; a little more do where it is only `about`, so that hundreds of
    pages can be drawn as a few. `is_next`: as soon as the room is complete, they sit in it.
    """

    ahead: int
    about: bool
    is_next: bool


def prospects(
    study: Study, waiting: Mapping[str, int], made: Mapping[str, int], minutes: Mapping[str, int] = {}
) -> dict[str, Prospect | None]:
    """For each type that waits, the first kind of room that could take it; None if none can any more.

    `minutes`: as `minutes_ahead` has them.
    """
    found = {type_: _prospect(study, type_, waiting, made) for type_ in waiting}
    return {type_: one and replace(one, minutes=minutes.get(type_)) for type_, one in found.items()}


async def queue_places_of(
    conn: Connection, session_id: str, study: Study, waiting: Mapping[str, int], made: Mapping[str, int]
) -> dict[int, QueuePlace]:
    """Not read where none can mean anything, as there is room for all."""
    if study.lobby.seat_hook or all(_holds(kind, waiting) for kind in study.rooms):
        return {}
    found = await conn.execute(SQL["queue"], dict(session_id=session_id))
    return queue_places(study, await found.fetchall(), made)


def queue_places(
    study: Study, queue: Sequence[tuple[int, str]], made: Mapping[str, int]
) -> dict[int, QueuePlace]:
    """By player, where who came first is seated first. `queue`: player and type, in that order.

    That is so among those of one type, where a room has places for it by name, and among all, where all wait for a room
    that has places for any. Not where a hook seats, nor for a room that takes only who has waited: its turn is another.
    """
    kinds = [] if study.lobby.seat_hook else open_kinds(study, made)
    first = {type_: next((kind for kind in kinds if kind.takes(type_)), None) for _, type_ in queue}
    lines: dict[tuple[str, str], list[int]] = {}
    seats: dict[tuple[str, str], int] = {}
    for player_id, type_ in queue:
        kind = first[type_]
        if kind is None or kind.after:
            continue
        if ANY in kind.seats and (len(kind.seats) > 1 or any(one is not kind for one in first.values())):
            continue
        line = kind.name, ANY if ANY in kind.seats else type_
        seats[line] = kind.seats[line[1]]
        lines.setdefault(line, []).append(player_id)
    return {
        player_id: _turn(ahead, ahead < seats[line])
        for line, people in lines.items()
        if len(people) > seats[line]
        for ahead, player_id in enumerate(people)
    }


def _turn(ahead: int, is_next: bool) -> QueuePlace:
    about = ahead > EXACT
    return QueuePlace((ahead - 1) // 10 * 10 if about else 0 if is_next else ahead, about, is_next)


async def on_their_way(conn: Connection, session_id: str) -> int:
    """How many are at what comes before the lobby, and there: their page is open, or has just asked for something."""
    found: int = await value(conn, SQL["on_their_way"], session_id=session_id, there=THERE)
    return found


async def pace_of(conn: Connection, session_id: str, study: Study) -> dict[str, float]:
    """How many people of each type have come into the lobby in a second of late; nothing where too few have to tell."""
    where = dict(session_id=session_id, of_late=OF_LATE, later=bool(study.before))
    found = await conn.execute(SQL["came_of_late"], where)
    came = [(type_, people, seconds) for type_, people, seconds in await found.fetchall()]
    if sum(people for _, people, _ in came) < FEWEST:
        return {}
    return {type_: people / seconds for type_, people, seconds in came if seconds >= SPAN}


def minutes_ahead(
    study: Study, waiting: Mapping[str, int], made: Mapping[str, int], pace: Mapping[str, float]
) -> dict[str, int]:
    """For each type of which all who wait now will have sat down: after how many minutes, rounded up.

    If as many go on coming, and those who wait had all just come: the fallback may take them sooner. What the study's
    own hook would do with them nobody knows.
    """
    if study.lobby.seat_hook:
        return {}
    types = [type_ for type_, people in waiting.items() for _ in range(people)]
    here = {number: (type_, 0.0) for number, type_ in enumerate(types)}  # … and when they came
    rooms, came, expected = Counter(made), Counter[str](), dict[str, int]()
    step = max(LOOK, study.lobby.max_wait / LOOKS)
    for look in range(1, int(study.lobby.max_wait // step) + 1):
        seconds = look * step
        for type_, a_second in pace.items():
            new = int(a_second * seconds) - came[type_]
            first = len(types) + came.total()
            here |= {first + nth: (type_, seconds) for nth in range(new)}
            came[type_] += new
        lobby = [Waiting(number, type_, seconds - at) for number, (type_, at) in here.items()]
        for placement in decide(study.rooms, lobby, rooms):
            rooms[placement.kind.name] += 1
            for number, _ in placement.seats:
                del here[number]
        still = {type_ for number, (type_, _) in here.items() if number < len(types)}
        for type_ in waiting.keys() - still - expected.keys():
            expected[type_] = ceil(seconds / MINUTE)
        if not still:
            break
    return expected


def _holds(kind: RoomKind, waiting: Mapping[str, int]) -> bool:
    """All of them at once."""
    free = kind.seats.get(ANY, 0)
    each = all(people <= kind.seats.get(type_, 0) + free for type_, people in waiting.items())
    return each and sum(waiting.values()) <= kind.size


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
    sure = [] if study.lobby.seat_hook else [kind for kind in open_to if kind.count is None]
    fills = [(kind.fills_after, kind.people) for kind in sure if kind.fills_after is not None]
    bots_after, people = min(fills, default=(None, 1))
    return Prospect(have, first.size, first.after, min(later, default=None), bots_after, people)
