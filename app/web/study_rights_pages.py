"""Who is on a kept study, for its owners; and the study removed."""

from __future__ import annotations

from litestar import get, post
from litestar.response import Redirect, Response

from app.study import shelf
from app.study.model.fields import first
from app.web.access import accounts, security, study_rights
from app.web.access.granting import RightsError
from app.web.access.study_rights import STUDIES
from app.web.auth import address_of
from app.web.forms import form_of
from app.web.lab import Query, lab_of
from app.web.researchers import MAKES, who_asks
from app.web.responses import page, problem
from app.web.studies.finding import owned_version, still_on

PAGE = "/admin/studies"


@get("/studies/{study_id:str}/rights", needs=MAKES)
async def study_rights_page(request: Query, study_id: str) -> Response[str]:
    return await _page(request, study_id)


@post("/studies/{study_id:str}/rights", needs=MAKES)
async def change_study_rights(request: Query, study_id: str) -> Response[str] | Redirect:
    form = await form_of(request)
    await owned_version(request, study_id)
    try:
        await change(request, study_id, first(form, "account"), first(form, "role"))
    except RightsError as error:
        return await _page(request, study_id, str(error), 422)
    async with lab_of(request).pool.connection() as conn:
        on = await STUDIES.right_on(conn, study_id, who_asks(request).name)
    to = f"{PAGE}/{study_id}/rights" if on and on.owns else f"{PAGE}/{study_id}" if on else PAGE
    return Redirect(to, status_code=303)


async def change(request: Query, study_id: str, name: str, said: str) -> str:
    """As `Granting.say`, by an owner."""
    by = who_asks(request).name
    async with lab_of(request).pool.connection() as conn, conn.transaction():
        await still_on(conn, study_id, by, as_owner=True)
        return await STUDIES.say(conn, study_id, name, said, by)


@post("/studies/{study_id:str}/remove", needs=MAKES)
async def remove_study(request: Query, study_id: str) -> Response[str] | Redirect:
    form = await form_of(request)
    await owned_version(request, study_id)
    if first(form, "sure") != "yes":
        sentence = "Nothing was removed: tick that it is to go with all its versions."
        return problem(request, 422, sentence, f"{PAGE}/{study_id}")
    await remove(request, study_id)
    return Redirect(PAGE, status_code=303)


async def remove(request: Query, study_id: str) -> str:
    """Sessions of it have its files themselves, and go on. Its title."""
    version, by = await owned_version(request, study_id), who_asks(request).name
    async with lab_of(request).pool.connection() as conn, conn.transaction():
        await still_on(conn, study_id, by, as_owner=True)
        await shelf.remove_study(conn, study_id)
        await security.write(
            conn, "study_removed", by, address_of(request), about=study_id, title=version.title
        )
    return version.title


async def _page(request: Query, study_id: str, problem: str = "", status: int = 200) -> Response[str]:
    version = await owned_version(request, study_id)
    async with lab_of(request).pool.connection() as conn:
        given = await STUDIES.given_on(conn, study_id)
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
