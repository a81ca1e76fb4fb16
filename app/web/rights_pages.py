"""The page that says who is on a session, for its owners."""

from __future__ import annotations

from litestar import get, post
from litestar.response import Redirect, Response

from app.sessions.sessions import find_session
from app.study.model.fields import first
from app.web.access import accounts, rights
from app.web.access.granting import EVERYBODY, RightsError
from app.web.access.rights import SESSIONS
from app.web.forms import form_of
from app.web.lab import Query, lab_of
from app.web.researchers import OWNS, must_still_own, who_asks
from app.web.responses import page


@get("/sessions/{session_id:str}/rights", needs=OWNS)
async def rights_page(request: Query, session_id: str) -> Response[str]:
    return await _page(request, session_id)


@post("/sessions/{session_id:str}/rights", needs=OWNS)
async def change_rights(request: Query, session_id: str) -> Response[str] | Redirect:
    form = await form_of(request)
    name, said = first(form, "account"), first(form, "role")
    try:
        await change(request, session_id, name, said, first(form, "files") == "yes")
    except RightsError as error:
        return await _page(request, session_id, str(error), 422)
    still_owns = name != who_asks(request).name or said in ("owner", EVERYBODY)
    to = f"/admin/sessions/{session_id}/rights" if still_owns else "/admin"
    return Redirect(to, status_code=303)


async def change(request: Query, session_id: str, name: str, said: str, takes_files: bool = False) -> str:
    """As `Granting.say`, by an owner: whoever says first who is on it owns it from then on."""
    by = who_asks(request).name
    async with lab_of(request).pool.connection() as conn, conn.transaction():
        await must_still_own(conn, session_id, by)
        if said in SESSIONS.roles and not await SESSIONS.is_restricted(conn, session_id):
            await SESSIONS.give(conn, session_id, by, "owner", by)
        return await SESSIONS.say(conn, session_id, name, said, by, takes_files)


async def _page(request: Query, session_id: str, problem: str = "", status: int = 200) -> Response[str]:
    async with lab_of(request).pool.connection() as conn:
        session = await find_session(conn, session_id)
        given = await rights.given_on(conn, session_id)
        later = await rights.everybodys_later(conn, session_id) if given else []
        named = {who_asks(request).name, *(one.account for one in given)}
        others = [
            one for one in await accounts.list_accounts(conn) if one.name not in named and one.has_password
        ]
    context = dict(who=who_asks(request), session=session, given=given, others=others, problem=problem)
    context |= dict(later=later)
    return page("admin/rights.html", context, status)


HANDLERS = [rights_page, change_rights]
