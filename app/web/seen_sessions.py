"""The sessions that a researcher sees, of all databases that there are."""

from __future__ import annotations

from app.sessions.sessions import SessionLine, list_sessions
from app.sessions.transfers import leaving, listed_once
from app.web.access import rights
from app.web.access.granting import Right
from app.web.lab import Lab, Query
from app.web.labs import everywhere
from app.web.researchers import who_asks


async def seen_by(
    request: Query, *archived: bool, find: str = ""
) -> tuple[list[SessionLine], dict[str, Right], list[str]]:
    """Those that are `archived`, those that are not, or one after the other, each the newest first; the right on each;
    and the names of databases that do not answer, whose sessions are not among them. `find`: only those that it finds.
    """
    name = who_asks(request).name

    async def listed(lab: Lab) -> tuple[dict[str, Right], list[SessionLine], set[str]]:
        async with lab.pool.connection() as conn:
            on = await rights.rights_of(conn, name)
            lines = [one for which in archived for one in await list_sessions(conn, which) if one.id in on]
            return on, lines, await leaving(conn) if lab.config.cluster else set()

    lists, away = await everywhere(request, listed)
    on = {id: right for there, _, _ in lists.values() for id, right in there.items()}
    listings = [(lines, gone) for _, lines, gone in lists.values()]
    found = [one for one in listed_once(listings) if one.is_found_by(find)]
    if len(lists) > 1:
        found.sort(
            key=lambda one: (archived.index(one.archived_at is not None), -one.opened_at.timestamp(), one.id)
        )
    return found, on, away
