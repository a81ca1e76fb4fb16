"""The security log, as far as it is for who asks: their account's, and that of the sessions that they own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

from litestar import get
from litestar.response import Response

from app.database.clusters import LARGEST_NUMBER
from app.database.connections import Connection
from app.study.digits import whole
from app.web.access import rights, security
from app.web.access.security import SecurityEvent
from app.web.lab import Lab, Query
from app.web.labs import everywhere
from app.web.researchers import ACCOUNT, OWNS, who_asks
from app.web.responses import page


@get("/security", needs=ACCOUNT)
async def own_security_log(request: Query, before: str = "") -> Response[str]:
    """A session's lines stay in the database in which they were written, when it moves to another with its rights."""
    name = who_asks(request).name

    async def owned(lab: Lab) -> list[str]:
        async with lab.pool.connection() as conn:
            return [session for session, on in (await rights.rights_of(conn, name)).items() if on.owns]

    said, away = await everywhere(request, owned)
    sessions = {session for those in said.values() for session in those}
    return await _log(
        request,
        lambda conn, last: security.read_own(conn, name, sessions, before=last),
        before,
        also_away=away,
    )


@get("/sessions/{session_id:str}/security", needs=OWNS)
async def session_security_log(request: Query, session_id: str, before: str = "") -> Response[str]:
    """Wherever it was when something was done to it."""
    return await _log(
        request, lambda conn, last: security.read_all(conn, session_id, before=last), before, session_id
    )


async def _log(
    request: Query,
    read: Callable[[Connection, int], Awaitable[list[SecurityEvent]]],
    before: str,
    session_id: str = "",
    also_away: Collection[str] = (),
) -> Response[str]:
    """Of all databases that there are. `read`: in one, what is before this number. `before`: in each, where earlier
    ones begin. `also_away`: of which something else is not known that this takes."""
    begins = _before(before)

    async def there(lab: Lab) -> list[SecurityEvent]:
        async with lab.pool.connection() as conn:
            return await read(conn, begins.get(lab.config.cluster, security.LAST))

    found, away = await everywhere(request, there)
    told = security.newest(found, security.MOST)
    begins = {name: begins[name] for name in (*found, *away) if name in begins}
    begins |= {name: event.id for name, event in told}
    several = len(found) + len(away) > 1
    away += [name for name in also_away if name not in away]
    context = dict(
        who=who_asks(request), session_id=session_id, most=security.MOST, away=away, several=several
    )
    context |= dict(events=[event for _, event in told], where=[name for name, _ in told])
    context |= dict(
        earlier=",".join(f"{name}:{last}" if name else str(last) for name, last in begins.items())
    )
    return page("admin/security.html", context)


def _before(text: str) -> dict[str, int]:
    """`123`, or of several `main:123,east:45`; what is none of it says nothing."""
    said = (one.rpartition(":") for one in text[:1000].split(","))
    return {name: _number(last) for name, _, last in said if last}


def _number(text: str) -> int:
    number = whole(text, LARGEST_NUMBER)
    return security.LAST if number is None else number


HANDLERS = [own_security_log, session_security_log]
