"""The security log, as far as it is for who asks: their account's, and that of the sessions that they own."""

from __future__ import annotations

from litestar import get
from litestar.response import Response

from app.web.access import rights, security
from app.web.lab import Query, lab_of
from app.web.researchers import ACCOUNT, OWNS, who_asks
from app.web.responses import page


@get("/security", needs=ACCOUNT)
async def own_security_log(request: Query, before: str = "") -> Response[str]:
    who = who_asks(request)
    async with lab_of(request).pool.connection() as conn:
        owned = [session for session, on in (await rights.rights_of(conn, who.name)).items() if on.owns]
        found = await security.read_own(conn, who.name, owned, before=_number(before))
    return page("admin/security.html", dict(who=who, events=found, session_id="", most=security.MOST))


@get("/sessions/{session_id:str}/security", needs=OWNS)
async def session_security_log(request: Query, session_id: str, before: str = "") -> Response[str]:
    async with lab_of(request).pool.connection() as conn:
        found = await security.read_all(conn, session_id, before=_number(before))
    context = dict(who=who_asks(request), events=found, session_id=session_id, most=security.MOST)
    return page("admin/security.html", context)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else security.LAST


HANDLERS = [own_security_log, session_security_log]
