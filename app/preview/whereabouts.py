"""Where the players in the window are, and how all of them get to another part of the study at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from app.database.connections import Connection
from app.database.queries import Queries, rows
from app.rooms import parts, rooms
from app.sessions import sessions
from app.study.model.steps import AFTER, BEFORE, PLAYING
from app.study.model.study import Study
from app.web.lab import Lab

SQL = Queries(__name__)
StudyPart = Literal["before", "playing", "after"]
ORDER = ("invited", BEFORE, "waiting", PLAYING, AFTER, "finished", "left")  # statuses, as somebody has them
# At where everybody is, until they have come where they are to be; seconds between two
LOOKS, LOOK = 100, 0.1


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where the player of one frame is."""

    player_id: int
    label: str
    type: str
    status: str
    alias: str | None
    room: str | None
    step: str | None
    round: int | None
    answered: bool

    def is_past(self, part: StudyPart) -> bool:
        """Whether they have that part behind them, and only a fresh session brings them there."""
        return ORDER.index(self.status) > ORDER.index(part)

    def is_before(self, part: StudyPart) -> bool:
        return ORDER.index(self.status) < ORDER.index(part)


def parts_of(study: Study) -> list[StudyPart]:
    """Those among which one may jump; none where there is one only."""
    there: dict[StudyPart, object] = {"before": study.before, "playing": study.rooms, "after": study.after}
    found = [part for part, steps in there.items() if steps]
    return found if len(found) > 1 else []


async def frames_now(conn: Connection, session_id: str, most: int) -> list[Whereabouts]:
    return await rows(conn, Whereabouts, SQL["frames_now"], session_id=session_id, most=most)


async def bring(
    lab: Lab,
    session_id: str,
    study: Study,
    part: StudyPart,
    by: str,
    come_in: Sequence[Callable[[], Awaitable[None]]],
) -> None:
    """All to that part, which nobody has behind them: what lies between ends as if all had gone well there.

    `come_in` has what lets in the player of each frame. Whoever waits in vain stays in the lobby.
    """
    for _ in range(LOOKS):
        async with lab.pool.connection() as conn:
            people = await frames_now(conn, session_id, len(come_in))
        for nth, one in enumerate(people):
            if one.status == "invited":
                await come_in[nth]()
        if not any(one.is_before(part) for one in people):
            return
        async with lab.pool.connection() as conn, conn.transaction():
            ended = await _end_before(conn, session_id, study, part, by)
        if ended:
            lab.conductor.entered.add(session_id)
            lab.conductor.hint(ended)
        await asyncio.sleep(LOOK)


async def _end_before(conn: Connection, session_id: str, study: Study, part: StudyPart, by: str) -> list[int]:
    """Whatever is open and comes before that part. Returns the rooms."""
    await sessions.lock_as(conn, session_id, by)
    earlier = [one for one in (BEFORE, PLAYING, AFTER) if ORDER.index(one) < ORDER.index(part)]
    found = await conn.execute(SQL["open_parts"], dict(session_id=session_id, parts=earlier))
    room_ids = [room_id for (room_id,) in await found.fetchall()]
    for room_id in room_ids:
        await rooms.lock_room(conn, room_id)
    if room_ids:
        await parts.end(conn, room_ids, "complete", study)
    return room_ids
