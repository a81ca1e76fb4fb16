"""Coming in: the form behind one's own link, and, whatever the door, a look at the lobby, a cookie and one's page."""

from __future__ import annotations

import asyncio
import time

from litestar import get, post
from litestar.response import Redirect, Response

from app.database.group_commit import Busy
from app.players import attempts
from app.players.players import SignedIn
from app.sessions.arrivals import Closed, EntryForm, Refused, TurnedBack
from app.study.model.fields import Form
from app.web import languages, other_players, play_origin, templates
from app.web.auth import PLAYER_COOKIE, own_cookie, same_site
from app.web.forms import form_of
from app.web.invitations import Token, hold_off, invited, meant_by, others_of, unknown_token, way_in
from app.web.lab import Lab, Query, lab_of
from app.web.play_page import door_again, door_page, no_place
from app.web.responses import piece

SEATING_PATIENCE = 12.0  # seconds


@get("/join/{token:str}")
async def join_form(request: Query, token: Token) -> Response[str] | Redirect:
    """Changes nothing, but that the link was opened is noted: link scanners open it too."""
    lab, found = lab_of(request), await invited(request, token)
    player, others = found[0], await others_of(request, found)
    study = await lab.studies.of(player.session_id)
    if there := play_origin.elsewhere(request, study):
        return there
    study = study.said_in(player.language) if player.language else languages.at_door(request, study)
    action, privacy = _addresses(token, player.session_id if len(found) > 1 else "")
    elsewhere = await other_players.is_elsewhere(request, player.id)
    if player.status != "invited":
        context = dict(player=player, study=study, action=action, privacy=privacy, elsewhere=elsewhere)
        return piece(templates.render_for(study, "player/join_again.html", others=others, **context))
    if player.session_status == "closed":
        return no_place(study, player.given, label=player.label)
    lab.presence.opened(player.id, player.session_id)
    attempt = 1
    if study.checked:
        async with lab.pool.connection() as conn:
            attempt = await attempts.next_attempt(conn, player.id)
    return door_page(study, action, privacy, elsewhere=elsewhere, attempt=attempt, others=others)


@post("/join/{token:str}", guards=[same_site])
async def join(request: Query, token: Token) -> Response[str] | Redirect:
    lab, form, began = lab_of(request), await form_of(request), time.monotonic()
    hold_off(request)
    meant = meant_by(request)
    arrived = await lab.arrivals.commit(EntryForm(token, form, meant))
    if arrived is None:
        raise await unknown_token(request)
    if isinstance(arrived, Refused):
        study = (await lab.studies.of(arrived.session_id)).read_in(form)
        return door_again(study, *_addresses(token, meant), form, arrived)
    if isinstance(arrived, (Closed, TurnedBack)):
        player = (await invited(request, token))[0]
        study = (await lab.studies.of(arrived.session_id)).read_in(form)
        return no_place(study, player.given, label=player.label)
    return await go_on(request, arrived, began, form)


async def go_on(request: Query, arrived: SignedIn, began: float, form: Form) -> Redirect:
    """`began`: when their form came, on the monotonic clock. Raises `Busy`."""
    lab = lab_of(request)
    chosen = await languages.keep(request, await lab.studies.of(arrived.session_id), arrived.id, form)
    if arrived.status == "waiting":
        await seat(lab, arrived.session_id, arrived.id)
    lab.sign_in_times.append(time.monotonic() - began)
    key = lab.keys.player_cookie(arrived.id, arrived.session_id)
    headers, cookies = own_cookie(request, PLAYER_COOKIE, key), other_players.remembered(request, arrived.id)
    cookies += chosen
    return Redirect("/play", status_code=303, headers=headers, cookies=cookies)


async def seat(lab: Lab, session_id: str, player_id: int, ready: bool = False) -> None:
    """Raises `Busy` where that takes too long."""
    try:
        async with asyncio.timeout(SEATING_PATIENCE):
            await lab.seating.seat(session_id, player_id, ready)
    except TimeoutError:
        raise Busy from None  # it is done all the same; asking again finds out where they are


def _addresses(token: str, session_id: str) -> tuple[str, str]:
    """Of a link of one's own: where its form goes, and the page of what is stored."""
    return way_in(token, session_id), way_in(token, session_id, "/privacy")


HANDLERS = [join_form, join]
