"""The waiting list: whoever comes to a full door stands in line before it, and is let in as a place comes back.

They are still invited. A place comes back as somebody leaves without coming to the end, or as there are more of them;
the first in line has it whose page is open: whoever is away keeps their turn. Nobody waits for longer than the study
says, and whoever leaves the line has the code of `full`. The session is locked while anybody is let in, by its line or
past it: a place goes to one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.database.connections import Connection
from app.database.queries import Queries, rows
from app.players import door, quotas
from app.players.quotas import Guest
from app.study.model.entrance import FULL
from app.study.model.study import Study

SQL = Queries(__name__)
AT_LEAST = 20  # people, however few places there are
JUST = 10.0  # seconds in which the page of who has just come has yet to connect


@dataclass(frozen=True, slots=True)
class WayIn:
    """For people who come now: `places` at once, and so many more `in_line`, behind those `ahead`. None: no end.

    `is_over`: nobody gives a place back any more, as all who were needed have come to the end.
    """

    places: int | None
    in_line: int = 0
    ahead: int = 0
    is_over: bool = False

    @property
    def is_full(self) -> bool:
        """Whoever comes now neither comes in nor waits."""
        return self.places is not None and self.places + self.in_line <= 0

    @property
    def is_waited_for(self) -> bool:
        """Whoever comes now waits."""
        return self.places == 0 and self.in_line > 0

    @property
    def together(self) -> int | None:
        return None if self.places is None else self.places + self.in_line


@dataclass(frozen=True, slots=True)
class InLine:
    player_id: int
    entry: Mapping[str, str]
    since: datetime
    is_overdue: bool
    is_there: bool  # their page is open


async def way_in_now(conn: Connection, session_id: str, study: Study) -> WayIn:
    """Who is in line already goes first: a place that is free for them is free for nobody else."""
    places = await door.places_now(conn, session_id)
    if places is None:
        return WayIn(None)
    longest = max(places.most, AT_LEAST) if study.door.max_wait and not places.is_over else 0
    return WayIn(
        places=max(0, places.left - places.in_line),
        in_line=max(0, longest - places.in_line),
        ahead=places.in_line,
        is_over=places.is_over,
    )


async def line_up(conn: Connection, study: Study, guests: Sequence[Guest], room: int) -> None:
    """At the end of the line, in this order, of whom all are invited and locked; who has no `room` in it leaves."""
    for chosen, seconds in ((guests[:room], study.door.max_wait), (guests[room:], 0.0)):
        if chosen:
            what = quotas.stored(study, chosen) | dict(seconds=seconds)
            await conn.execute(SQL["line_up"], what)
    if late := [one.player_id for one in guests[room:]]:
        await _leave(conn, study, late)


async def move_up(conn: Connection, session_id: str, study: Study) -> list[int]:
    """Lets in those who are there and for whom there is a place, the first in line first; whose time is up leaves.

    Returns who came in; what they begin with has yet to be given to them, and a seat looked for. Nobody's time is up
    while everything stands still. Where the session is closed, or as many have come to the end as are to, all leave:
    nobody waits in vain. It locks the session, and then who is in line, by their numbers.
    """
    is_open, places = await quotas.lock_door(conn, session_id), await door.places_now(conn, session_id)
    if not is_open or (places and places.is_over):
        await send_home(conn, session_id, study)
        return []
    found, left = await lock(conn, session_id), places.left if places else None
    guests = [Guest(one.player_id, one.entry) for one in found if one.is_there]
    came, late, _ = await quotas.admit_now(conn, session_id, study, guests, left)
    await quotas.let_in(conn, study, came)
    overdue = {one.player_id for one in found if one.is_overdue}
    gone = overdue.union(one.player_id for one in late).difference(one.player_id for one in came)
    await _leave(conn, study, sorted(gone))
    return [one.player_id for one in came]


async def lock(conn: Connection, session_id: str) -> list[InLine]:
    """Who is in line, the first one first, after the session and its lobby, and before anything is logged."""
    found = await rows(conn, InLine, SQL["lock_line"], session_id=session_id, just=JUST)
    return sorted(found, key=lambda one: (one.since, one.player_id))


async def send_home(conn: Connection, session_id: str, study: Study) -> None:
    """Everybody in line: the session, which is locked, closes."""
    await _leave(conn, study, [one.player_id for one in await lock(conn, session_id)])


async def leave(conn: Connection, player_id: int, study: Study, outcome: str = FULL) -> bool:
    """Whether they were in line, and are not any more."""
    what = dict(player_ids=[player_id], outcome=outcome, code=study.finish.codes[outcome])
    return (await conn.execute(SQL["leave_line"], what)).rowcount == 1


async def order(conn: Connection, session_id: str) -> list[int]:
    """The players in line, the first one first."""
    found = await conn.execute(SQL["order"], dict(session_id=session_id))
    return [player_id for (player_id,) in await found.fetchall()]


async def waited_for(conn: Connection) -> list[str]:
    """Sessions before whose doors somebody is in line who may have to be let in, or sent home, now."""
    lines = await (await conn.execute(SQL["lines"], dict(just=JUST))).fetchall()
    return [
        session_id
        for session_id, is_due, are_there in lines
        if is_due or await _may_move(conn, session_id, are_there)
    ]


async def shift(conn: Connection, session_id: str, since: datetime, until: datetime) -> None:
    """A pause from `since` to `until` is no waiting."""
    await conn.execute(SQL["shift_line"], dict(session_id=session_id, since=since, until=until))


async def _may_move(conn: Connection, session_id: str, are_there: bool) -> bool:
    """`are_there`: some of those in line."""
    places = await door.places_now(conn, session_id)
    return ((places is None or places.left > 0) and are_there) or (places is not None and places.is_over)


async def _leave(conn: Connection, study: Study, player_ids: Sequence[int]) -> None:
    if player_ids:
        what = dict(player_ids=list(player_ids), outcome=FULL, code=study.finish.codes[FULL])
        await conn.execute(SQL["leave_line"], what)
