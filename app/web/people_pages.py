"""The researcher's pages of the players, and what can be done there."""

from __future__ import annotations

from dataclasses import replace

from litestar import get, post
from litestar.exceptions import NotFoundException
from litestar.response import Redirect, Response

from app.database import clock
from app.database.clusters import LARGEST_NUMBER
from app.database.connections import Connection
from app.players.codes import codes_of
from app.players.pay import account_now
from app.players.players import Player, find_player
from app.players.tokens import new_token
from app.recruiters.submissions import submission_of
from app.recruiters.ways_back import way_back_of
from app.rooms import takeovers
from app.sessions import actions, waves
from app.sessions.sessions import find_session
from app.study.model.fields import first
from app.web import templates
from app.web.access import security
from app.web.action_forms import Action, Wish, carry_out, number
from app.web.auth import address_of
from app.web.fragments import fragment
from app.web.lab import Query, lab_of
from app.web.live.glass import seen_now
from app.web.live.whereabouts import place_shown
from app.web.monitor import histories
from app.web.monitor.dashboard import type_numbers
from app.web.researchers import ACTS, SEES, study_of, who_asks
from app.web.responses import page, piece


@get("/sessions/{session_id:str}/players", needs=SEES)
async def people(
    request: Query, session_id: str, find: str = "", status: str = "", type: str = "", connection: str = ""
) -> Response[str]:
    lab, who = lab_of(request), who_asks(request)
    study = await study_of(request, session_id)
    async with lab.pool.connection() as conn:
        found, more = await histories.find_people(
            conn, session_id, find.strip()[:200], status, type, connection, in_given=who.files
        )
        session = await find_session(conn, session_id)
        codes = await codes_of(conn, session_id, study)
    context = dict(
        session=session,
        study=study,
        people=[replace(one, code=codes.handed_in(one.id, one.code, one.is_erased)) for one in found],
        more=more,
        find=find,
        status=status,
        type=type,
        connection=connection,
        who=who,
        type_numbers=type_numbers(study, [one.type for one in found]),
    )
    if "hx-request" in request.headers:
        return piece(templates.render("admin/_people.html", **context))
    return page("admin/people.html", context)


@get("/sessions/{session_id:str}/players/{player_id:int}", needs=SEES)
async def player_page(request: Query, session_id: str, player_id: int) -> Response[str]:
    lab, who = lab_of(request), who_asks(request)
    await study_of(request, session_id)
    async with lab.pool.connection() as conn:
        study = await lab.studies.current(conn, session_id)
        player = await _player(conn, session_id, player_id)
        if lab.readers.begins(who.login_id, player_id):
            await security.write(conn, "page_read", who.name, address_of(request), session_id, str(player_id))
        player = (await codes_of(conn, session_id, study)).shown_to(player)
        story = await histories.story_of(conn, player)
        tells_pay = study.pays and not who.files
        place = None if tells_pay else await place_shown(conn, lab.live.shared, session_id, player_id)
        standbys = await takeovers.standbys_for(conn, player)
        account = await account_now(conn, study, player, clock.now()) if who.files else None
        there = await submission_of(conn, player_id) if who.files else None
        was = await waves.was(conn, player_id)
    shown = seen_now(place)
    context = dict(story=story, player=player, study=study, shown=shown, who=who, now=clock.now())
    context |= dict(standbys=standbys, account=account, there=there, was=was)
    context |= dict(lacks=way_back_of(study, player).lacks)
    context |= dict(form_key=new_token(12), type_numbers=type_numbers(study, [player.type]))
    if "hx-request" in request.headers:
        acts = fragment("#acts", "innerMorph", templates.render("admin/_player_acts.html", **context))
        return piece(templates.render("admin/_player.html", **context) + acts)
    return page("admin/player.html", context)


@post("/sessions/{session_id:str}/players/{player_id:int}/{action:str}", needs=ACTS)
async def act_on_player(
    request: Query, session_id: str, player_id: int, action: str
) -> Response[str] | Redirect:
    by, player = who_asks(request).name, await player_in(request, session_id, player_id)
    to = f"/admin/sessions/{session_id}/players/{player_id}"
    chosen, room_id = PLAYER_ACTIONS.get(action), player.room_id or 0
    return await carry_out(request, chosen, by, to, session_id, room_id, player_id)


async def player_in(request: Query, session_id: str, player_id: int) -> Player:
    """Raises a 404."""
    async with lab_of(request).pool.connection() as conn:
        return await _player(conn, session_id, player_id)


async def _dismiss(wish: Wish) -> str:
    outcome = first(wish.form, "outcome")
    return await actions.dismiss(wish.conn, wish.session_id, wish.study, wish.player_id, outcome, wish.by)


async def _replace(wish: Wish) -> str:
    newcomer, outcome = number(wish, "newcomer", LARGEST_NUMBER), first(wish.form, "outcome")
    return await actions.replace(
        wish.conn, wish.session_id, wish.study, wish.player_id, newcomer, outcome, wish.by
    )


async def _issue(wish: Wish) -> str:
    outcome = first(wish.form, "outcome")
    return await actions.issue(wish.conn, wish.session_id, wish.study, wish.player_id, outcome, wish.by)


async def _free_id(wish: Wish) -> str:
    return await actions.free_id(wish.conn, wish.session_id, wish.player_id, wish.by)


async def _retype(wish: Wish) -> str:
    return await actions.retype(
        wish.conn, wish.session_id, wish.study, wish.player_id, first(wish.form, "type"), wish.by
    )


async def _note(wish: Wish) -> str:
    text, key = first(wish.form, "body"), first(wish.form, "form_key")
    return await actions.tell_player(wish.conn, wish.session_id, wish.player_id, wish.by, text, key)


async def _player(conn: Connection, session_id: str, player_id: int) -> Player:
    player = await find_player(conn, player_id)
    if player is None or player.session_id != session_id:
        raise NotFoundException("There is no such player in this session.")
    return player


PLAYER_ACTIONS: dict[str, Action] = {
    "dismiss": _dismiss,
    "replace": _replace,
    "issue": _issue,
    "retype": _retype,
    "note": _note,
    "free-id": _free_id,
}
HANDLERS = [people, player_page, act_on_player]
