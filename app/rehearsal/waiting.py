"""Who is left over for a room while a rehearsal goes on: that it waits for them, what ends it, and how long still."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import psycopg

from app.database.connections import connect
from app.database.queries import Queries, row
from app.players.people import Person
from app.study.durations import as_clock
from app.study.model.study import ANY, RoomKind, Study

SQL = Queries(__name__)


@dataclass(frozen=True, slots=True)
class LeftOver:
    """Of all who have come. `goes_on` is false where hooks have stopped all that is left."""

    people: int
    seconds: float  # until the last of them leaves the lobby, if no room opens for them
    goes_on: bool

    def __str__(self) -> str:
        if not self.people:
            return ""
        who = "1 waits" if self.people == 1 else f"{self.people:,} wait"
        return f" · {who} for a room, at most {as_clock(max(self.seconds, 0))} longer"


UNKNOWN = LeftOver(0, 0.0, True)  # the database is out of reach, or away


async def look(url: str | None, session_id: str, study: Study) -> LeftOver:
    if url is None:
        return UNKNOWN
    with suppress(psycopg.Error, OSError):
        conn = await connect(url, "rehearsal")
        try:
            asked = dict(session_id=session_id, longest=study.lobby.max_wait)
            found = await row(conn, LeftOver, SQL["waiting"], **asked)
            return found or UNKNOWN
        finally:
            await conn.close()
    return UNKNOWN


def foreseen(study: Study, people: Sequence[Person]) -> str:
    """What is said at the beginning, where some are left over even if all stay; nothing where each has a seat, or a
    hook, a draw at the door or bots decide about that.
    """
    filled = any(room.bots_after is not None for room in study.rooms)
    if not study.rooms or filled or study.lobby.seat_hook or study.draws_at_door:
        return ""
    over = _left_over(study.rooms, people)
    if not over:
        return ""
    who = "1 is left over, who waits" if over == 1 else f"{over:,} are left over, who wait"
    rooms = "rooms of " + " or ".join(dict.fromkeys(f"{room.size:,}" for room in study.rooms))
    return (
        f"Of {len(people):,} players in {rooms}, {who} for others up to {as_clock(study.lobby.max_wait)}"
        " (`max_wait` in [lobby]), and this rehearsal with them."
    )


def _left_over(rooms: Sequence[RoomKind], people: Sequence[Person]) -> int:
    """Where rooms open in the order of the file, each kind as often as it fills."""
    here = Counter(person.type for person in people)
    for room in rooms:
        opened = 0
        while (room.count is None or opened < room.count) and (taken := _fill(room, here)):
            here -= taken
            opened += 1
    return here.total()


def _fill(room: RoomKind, here: Counter[str]) -> Counter[str]:
    """Who sits down in one more room of this kind; nobody where it does not fill."""
    taken = Counter({type_: seats for type_, seats in room.seats.items() if type_ != ANY})
    if not taken <= here:
        return Counter()
    left = here - taken
    for type_, count in left.most_common():
        taken[type_] += min(count, room.size - taken.total())
    return taken if taken.total() == room.size else Counter()
