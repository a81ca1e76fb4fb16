"""The security log, as far as it is for who asks: their account's, and that of the sessions that they own."""

from __future__ import annotations

from litestar import get
from litestar.response import Response

from app.web.access import rights, security
from app.web.access.security import SecurityEvent
from app.web.lab import Lab, Query, lab_of
from app.web.labs import everywhere
from app.web.researchers import ACCOUNT, OWNS, who_asks
from app.web.responses import page


@get("/security", needs=ACCOUNT)
async def own_security_log(request: Query, before: str = "") -> Response[str]:
    """Of all databases that there are. `before`: in each, where earlier ones begin."""
    who, begins = who_asks(request), _before(before)

    async def there(lab: Lab) -> list[SecurityEvent]:
        async with lab.pool.connection() as conn:
            owned = [session for session, on in (await rights.rights_of(conn, who.name)).items() if on.owns]
            last = begins.get(lab.config.cluster, security.LAST)
            return await security.read_own(conn, who.name, owned, before=last)

    found, away = await everywhere(request, there)
    told = security.newest(found, security.MOST)
    begins = {name: begins[name] for name in (*found, *away) if name in begins}
    begins |= {name: event.id for name, event in told}
    context = dict(who=who, session_id="", most=security.MOST, away=away, several=len(found) + len(away) > 1)
    context |= dict(events=[event for _, event in told], where=[name for name, _ in told])
    context |= dict(
        earlier=",".join(f"{name}:{last}" if name else str(last) for name, last in begins.items())
    )
    return page("admin/security.html", context)


@get("/sessions/{session_id:str}/security", needs=OWNS)
async def session_security_log(request: Query, session_id: str, before: str = "") -> Response[str]:
    async with lab_of(request).pool.connection() as conn:
        found = await security.read_all(conn, session_id, before=_number(before))
    context = dict(who=who_asks(request), events=found, session_id=session_id, most=security.MOST, away=[])
    return page("admin/security.html", context | dict(earlier=str(found[-1].id) if found else ""))


def _before(text: str) -> dict[str, int]:
    """`123`, or of several `main:123,east:45`; what is none of it says nothing."""
    said = (one.rpartition(":") for one in text[:1000].split(","))
    return {name: _number(last) for name, _, last in said if last}


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else security.LAST


HANDLERS = [own_security_log, session_security_log]
