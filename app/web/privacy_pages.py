"""What is stored about a player, for them to read, and to have deleted where the study allows it."""

from __future__ import annotations

from litestar import get, post
from litestar.response import Redirect, Response

from app.players import players
from app.sessions import erasing
from app.study.languages.texts import Sentence
from app.study.model.fields import first
from app.web import languages
from app.web.auth import NotSignedIn, check_whose, player_of, same_site
from app.web.forms import form_of
from app.web.invitations import Token, invited, meant_by, way_in
from app.web.lab import Query, lab_of
from app.web.privacy import privacy_at_door, privacy_page
from app.web.responses import problem

HERE = "/play/privacy"


@get(HERE)
async def stored_about_me(request: Query) -> Response[str]:
    lab, (player_id, session_id) = lab_of(request), player_of(request)
    study = await lab.studies.of(session_id)
    async with lab.pool.connection() as conn:
        player = await players.find_player(conn, player_id)
        if player is None:
            raise NotSignedIn
        return await privacy_page(conn, study.said_in(player.language), player, "/play")


@get("/join/{token:str}/privacy")
async def stored_before(request: Query, token: Token) -> Response[str]:
    player = (await invited(request, token))[0]
    study = languages.at_door(request, await lab_of(request).studies.of(player.session_id))
    return await privacy_at_door(lab_of(request), study, player, way_in(token, meant_by(request)))


@post(HERE, guards=[same_site])
async def erase_me(request: Query) -> Response[str] | Redirect:
    """Noted at once, and done by `Erasures` as soon as the room has ended."""
    lab, (player_id, session_id) = lab_of(request), player_of(request)
    study, form = await lab.studies.of(session_id), await form_of(request)
    if not study.privacy.erase:
        return problem(
            request, 403, Sentence("This study deletes nothing by itself. Ask the researchers."), HERE
        )
    check_whose(first(form, "player"), player_id)
    if first(form, "sure") != "yes":
        return problem(request, 422, Sentence("Nothing was deleted: tick that you are sure."), HERE)
    async with lab.pool.connection() as conn, conn.transaction():
        await erasing.want(conn, player_id)
    return Redirect(HERE, status_code=303)


HANDLERS = [stored_about_me, stored_before, erase_me]
