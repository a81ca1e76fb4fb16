"""The page that says who is on a session, for its owners."""

from __future__ import annotations

from litestar import get, post
from litestar.response import Redirect, Response

from app.database.connections import Connection
from app.sessions.sessions import find_session
from app.study.model.fields import Form, first
from app.web.access import accounts, rights
from app.web.access.rights import ROLES, RightsError
from app.web.forms import form_of
from app.web.lab import Query, lab_of
from app.web.researchers import OWNS, Researcher, who_asks
from app.web.responses import page


@get("/sessions/{session_id:str}/rights", needs=OWNS)
async def rights_page(request: Query, session_id: str) -> Response[str]:
    return await _page(request, session_id)


@post("/sessions/{session_id:str}/rights", needs=OWNS)
async def change_rights(request: Query, session_id: str) -> Response[str] | Redirect:
    who, form = who_asks(request), await form_of(request)
    try:
        async with lab_of(request).pool.connection() as conn, conn.transaction():
            await _change(conn, session_id, who, form)
    except RightsError as error:
        return await _page(request, session_id, str(error), 422)
    still_owns = first(form, "account") != who.name or first(form, "role") in ("owner", "everybody")
    to = f"/admin/sessions/{session_id}/rights" if still_owns else "/admin"
    return Redirect(to, status_code=303)


async def _change(conn: Connection, session_id: str, who: Researcher, form: Form) -> None:
    name, role = first(form, "account"), first(form, "role")
    if role == "everybody":
        await rights.open_to_all(conn, session_id, who.name)
    elif role == "nobody":
        await rights.take(conn, session_id, name, who.name)
    elif role in ROLES:
        if not await rights.is_restricted(conn, session_id):
            await rights.give(conn, session_id, who.name, "owner", who.name)
        files = first(form, "files") == "yes"
        await rights.give(conn, session_id, name, role, who.name, files)
    else:
        raise RightsError("The form does not say what it means. Reload the page and try again.")


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
