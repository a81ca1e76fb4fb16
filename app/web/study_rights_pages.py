"""Who is on a kept study, for its owners; and the study removed."""

from __future__ import annotations

from litestar import get, post
from litestar.response import Redirect, Response

from app.database.connections import Connection
from app.study import shelf
from app.study.model.fields import Form, first
from app.web.access import accounts, security, study_rights
from app.web.access.rights import RightsError
from app.web.access.study_rights import STUDY_ROLES
from app.web.auth import address_of
from app.web.forms import form_of
from app.web.lab import Query, lab_of
from app.web.researchers import MAKES, who_asks
from app.web.responses import page, problem
from app.web.studies.finding import owned_version, still_on

STUDIES = "/admin/studies"


@get("/studies/{study_id:str}/rights", needs=MAKES)
async def study_rights_page(request: Query, study_id: str) -> Response[str]:
    return await _page(request, study_id)


@post("/studies/{study_id:str}/rights", needs=MAKES)
async def change_study_rights(request: Query, study_id: str) -> Response[str] | Redirect:
    who, form = who_asks(request).name, await form_of(request)
    await owned_version(request, study_id)
    try:
        async with lab_of(request).pool.connection() as conn, conn.transaction():
            await _change(conn, study_id, who, form)
    except RightsError as error:
        return await _page(request, study_id, str(error), 422)
    async with lab_of(request).pool.connection() as conn:
        on = await study_rights.right_on(conn, study_id, who)
    to = f"{STUDIES}/{study_id}/rights" if on and on.owns else f"{STUDIES}/{study_id}" if on else STUDIES
    return Redirect(to, status_code=303)


@post("/studies/{study_id:str}/remove", needs=MAKES)
async def remove_study(request: Query, study_id: str) -> Response[str] | Redirect:
    """Sessions of it have its files themselves, and go on."""
    form, who = await form_of(request), who_asks(request).name
    version = await owned_version(request, study_id)
    if first(form, "sure") != "yes":
        return problem(
            request,
            422,
            "Nothing was removed: tick that it is to go with all its versions.",
            f"{STUDIES}/{study_id}",
        )
    async with lab_of(request).pool.connection() as conn, conn.transaction():
        await still_on(conn, study_id, who, as_owner=True)
        await shelf.remove_study(conn, study_id)
        await security.write(
            conn, "study_removed", who, address_of(request), about=study_id, title=version.title
        )
    return Redirect(STUDIES, status_code=303)


async def _change(conn: Connection, study_id: str, who: str, form: Form) -> None:
    await still_on(conn, study_id, who, as_owner=True)
    name, role = first(form, "account"), first(form, "role")
    if role == "everybody":
        await study_rights.open_to_all(conn, study_id, who)
    elif role == "nobody":
        await study_rights.take(conn, study_id, name, who)
    elif role in STUDY_ROLES:
        await study_rights.give(conn, study_id, name, role, who)
    else:
        raise RightsError("The form does not say what it means. Reload the page and try again.")


async def _page(request: Query, study_id: str, problem: str = "", status: int = 200) -> Response[str]:
    version = await owned_version(request, study_id)
    async with lab_of(request).pool.connection() as conn:
        given = await study_rights.given_on(conn, study_id)
        restricted = (await study_rights.all_given(conn))[study_id].restricted
        there = [
            one
            for one in await accounts.list_accounts(conn)
            if one.name not in {each.account for each in given} and one.has_password and not one.observes
        ]
    context = dict(who=who_asks(request), version=version, given=given, others=there, problem=problem)
    context |= dict(restricted=restricted)
    return page("admin/study_rights.html", context, status)


HANDLERS = [study_rights_page, change_study_rights, remove_study]
