"""A rehearsal of a kept study, from a button on its page."""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.exceptions import NotFoundException
from litestar.response import Redirect, Response

from app.study import shelf
from app.study.digits import whole
from app.study.model.fields import first
from app.study.shelf import KeptVersion
from app.web import templates
from app.web.access import security
from app.web.auth import address_of
from app.web.forms import form_of
from app.web.lab import Query, lab_of
from app.web.researchers import MAKES, who_asks
from app.web.responses import piece, problem
from app.web.studies.finding import find_version
from app.web.studies.rehearsing import MOST, PACE, RehearsalRefused, begin, told_of


@post("/studies/{study_id:str}/versions/{number:int}/rehearse", needs=MAKES)
async def rehearse(request: Query, study_id: str, number: int) -> Response[str] | Redirect:
    to = f"/admin/studies/{study_id}/versions/{number}"
    (version, _), form = await find_version(request, study_id, number), await form_of(request)
    text = first(form, "players").strip()
    players = whole(text, MOST)
    if not players:
        return problem(request, 422, f"So many can’t rehearse here: write a number from 1 to {MOST}.", to)
    try:
        await rehearse_version(request, version, players)
    except RehearsalRefused as error:
        return problem(request, 409, str(error), to)
    return Redirect(f"{to}#rehearsal", status_code=303)


async def rehearse_version(request: Query, version: KeptVersion, players: int) -> None:
    """Raises `RehearsalRefused`."""
    lab, who = lab_of(request), who_asks(request).name
    if not version.can_run:
        raise RehearsalRefused("This version can’t run yet. Mend what the check names first.")
    await begin(lab.pool, version, players, who, lab.rehearsals)
    async with lab.pool.connection() as conn:
        told: dict[str, Any] = dict(title=version.title, version=version.number, players=players)
        await security.write(
            conn, "study_rehearsed", who, address_of(request), about=version.study_id, **told
        )


@get("/studies/{study_id:str}/versions/{number:int}/rehearsal", needs=MAKES)
async def rehearsal_state(request: Query, study_id: str, number: int) -> Response[str]:
    """The piece of the study's page, which asks for it again and again: nothing of the study is read for it."""
    version, _ = await find_version(request, study_id, number)
    context: dict[str, Any] = dict(most_bots=MOST, pace=PACE, told=told_of(version))
    context |= dict(here=f"/admin/studies/{study_id}", version=version)
    return piece(templates.render("admin/_rehearsal.html", **context))


@get("/studies/{study_id:str}/versions/{number:int}/rehearsal.html", needs=MAKES)
async def rehearsal_report(request: Query, study_id: str, number: int) -> Response[str]:
    return await send_report(request, study_id, number)


async def send_report(request: Query, study_id: str, number: int) -> Response[str]:
    """To be kept and opened anywhere: it has its own look in it."""
    version, _ = await find_version(request, study_id, number)
    async with lab_of(request).pool.connection() as conn:
        page = await shelf.rehearsal_page(conn, version)
    if not page:
        raise NotFoundException("There is no report of a rehearsal here.")
    name = f'attachment; filename="rehearsal-{study_id}-{number}.html"'
    headers = {"Content-Disposition": name}
    return Response(page, media_type="text/html; charset=utf-8", headers=headers)


HANDLERS = [rehearse, rehearsal_state, rehearsal_report]
