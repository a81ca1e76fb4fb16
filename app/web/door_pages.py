"""The one link for everybody: whose it is, the form behind it, and a sentence for whoever can't come in by it."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Annotated
from urllib.parse import parse_qsl

from litestar import get, post
from litestar.params import Parameter
from litestar.response import Redirect, Response

from app.database.connections import Connection
from app.database.group_commit import Busy
from app.players import attempts, door, waiting_list
from app.players.players import Player, find_player
from app.players.presence import is_connected
from app.players.tokens import is_guessable, new_token
from app.sessions import waves
from app.sessions.arrivals import Closed, Refused, TurnedBack
from app.sessions.door_forms import DoorForm
from app.study.languages.texts import Sentence
from app.study.model.door import Bearer, Previewed, Unfit, read_link
from app.study.model.fields import first
from app.study.model.study import Study
from app.web import languages, other_players, play_origin, templates
from app.web.access.attempts import is_this_machine, network_of
from app.web.auth import (
    PLAYER_COOKIE,
    address_of,
    check_whose,
    cookie_in,
    player_of,
    same_site,
    too_many,
)
from app.web.coming_in import go_on
from app.web.forms import form_of
from app.web.invitations import UnknownToken, hold_off
from app.web.lab import Query, lab_of
from app.web.play_page import door_again, door_page, no_place
from app.web.privacy import privacy_page
from app.web.responses import page, piece, policy_framed_by_mturk, problem, texts_for

SessionId = Annotated[str, Parameter(max_length=40)]
MOST_PARAMETERS = 100
VISIT = re.compile("[a-z0-9]{16}")


@dataclass(frozen=True, slots=True)
class _Caller:
    """Somebody with a link that is right. `player`: whose it is, if they have come in by it before."""

    session_id: str
    session_status: str
    study: Study
    link: Bearer
    door_id: str  # empty: nobody's yet
    player: Player | None
    own: int  # the player of this session whom their browser's cookie names; 0: nobody

    @property
    def may_be_guessed(self) -> bool:
        return bool(self.link.id) and is_guessable(self.link.id)

    @property
    def is_done(self) -> bool:
        return self.player is not None and self.player.status in ("finished", "left")

    @property
    def is_stranger(self) -> bool:
        """Whether nothing but an id that could be guessed says that they are who came by it before."""
        return self.may_be_guessed and (self.player is None or self.own != self.player.id)

    @property
    def known(self) -> Player | None:
        """Whom a page may tell of: a stranger is told of nobody."""
        return None if self.is_stranger else self.player


@get("/s/{session_id:str}")
async def door_form(request: Query, session_id: SessionId) -> Response[str] | Redirect:
    """Changes nothing: link scanners open it too."""
    caller = await _caller(request, session_id)
    if not isinstance(caller, _Caller):
        return caller
    study, player = caller.study, caller.known
    if there := play_origin.elsewhere(request, study):
        return there
    elsewhere = await other_players.is_elsewhere(request, player.id if player else 0)
    if player is not None and player.has_come:
        shown = dict(player=player, study=study, action=_address(request), privacy=_privacy_address(request))
        return piece(templates.render_for(study, "player/join_again.html", **shown, elsewhere=elsewhere))
    if caller.session_status == "closed":
        return _no_place(request, caller, "closed")
    attempt = 1
    async with lab_of(request).pool.connection() as conn:
        if await door.erased_of(conn, session_id, {caller.link.id} - {""}):
            return _was_erased(request, caller)
        way_in = await waiting_list.way_in_now(conn, session_id, study)
        if study.checked and player is not None:
            attempt = await attempts.next_attempt(conn, player.id)
    if way_in.is_full:
        return _no_place(request, caller, "over" if way_in.is_over else "full")
    visit = "" if caller.link.id else new_token()
    return door_page(
        study,
        _address(request),
        _privacy_address(request),
        elsewhere=elsewhere,
        visit=visit,
        attempt=attempt,
        way_in=way_in,
        given=caller.link.given,
    )


@post("/s/{session_id:str}", guards=[same_site])
async def come_by_door(request: Query, session_id: SessionId) -> Response[str] | Redirect:
    """Makes the player, or finds them again."""
    lab, form, began = lab_of(request), await form_of(request), time.monotonic()
    caller = await _caller(request, session_id, sent=True)
    if not isinstance(caller, _Caller):
        return caller
    visit = first(form, "visit") if VISIT.fullmatch(first(form, "visit")) else new_token()
    door_id = caller.door_id or f"{door.OF_BROWSER}{visit}"
    network = network_of(address_of(request))
    source = b"" if is_this_machine(address_of(request)) else lab.keys.trace_of(session_id, network)
    sent = DoorForm(session_id, door_id, caller.link.given, form, caller.own, source)
    arrived = await lab.arrivals.commit(sent)
    if isinstance(arrived, Refused):
        addresses = _address(request), _privacy_address(request)
        async with lab.pool.connection() as conn:
            way_in = await waiting_list.way_in_now(conn, session_id, caller.study)
        if way_in.is_full:
            return _no_place(request, caller, "over" if way_in.is_over else "full")
        visit, given = "" if caller.link.id else visit, caller.link.given
        return door_again(caller.study.read_in(form), *addresses, form, arrived, visit, way_in, given)
    if arrived is None:
        return await _no_door(request, session_id)
    if isinstance(arrived, Closed):
        return _no_place(request, caller, "closed")
    if isinstance(arrived, TurnedBack):
        return await _turned_back(request, caller, arrived.why)
    for name in caller.link.unfilled:
        lab.door_counts.add(session_id, caller.study, "unfilled", name)
    came_before = caller.player is not None and caller.player.has_come
    if caller.may_be_guessed and came_before and caller.own != arrived.id:
        with suppress(Busy):  # they are in; where too many are counted just now, this one is not
            await lab.guesses.wrong(network)  # nobody takes many places so
    return await go_on(request, arrived, began, form)


@post("/play/yield", guards=[same_site])
async def yield_place(request: Query) -> Response[str]:
    """The page of somebody in agrees that another browser goes on as them."""
    lab, (player_id, session_id) = lab_of(request), player_of(request)
    check_whose(first(await form_of(request), "player"), player_id)
    async with lab.pool.connection() as conn:
        await door.yield_place(conn, session_id, player_id)
    return page("player/yielded.html", texts=texts_for(request))


@get("/s/{session_id:str}/privacy")
async def stored_by_door(request: Query, session_id: SessionId) -> Response[str]:
    caller = await _caller(request, session_id)
    if not isinstance(caller, _Caller):
        return caller
    back = _address(request).replace("/privacy", "", 1)
    async with lab_of(request).pool.connection() as conn:
        return await privacy_page(conn, caller.study, caller.known or _nobody_yet(caller), back)


async def _caller(request: Query, session_id: str, sent: bool = False) -> _Caller | Response[str]:
    """Who comes, or what they are told. Raises `UnknownToken` or `NoSuchSession`, and a 429 for who guesses too often.

    `sent`: a form, which is looked at together with others; nothing is asked here that can be told then.
    """
    lab, status, goes_on = lab_of(request), "", False
    if not sent:
        async with lab.pool.connection() as conn:
            found = await door.find_door(conn, session_id)
        if found is None:
            raise UnknownToken
        status, goes_on = found.session_status, found.goes_on
        if not found.is_there:
            return await _no_door(request, session_id)
    study = languages.at_door(request, await lab.studies.of(session_id))
    link = read_link(study.door, _parameters(request))
    if isinstance(link, Previewed):
        preview = door_page(study, _address(request), _privacy_address(request), preview=True)
        preview.headers.update(policy_framed_by_mturk())
        return preview
    if isinstance(link, Unfit):
        return _unfit(request, session_id, study, link)
    cookie = lab.keys.read_player_cookie(cookie_in(dict(request.scope["headers"]), PLAYER_COOKIE))
    own = cookie.player_id if cookie and cookie.session_id == session_id else 0
    caller = _Caller(session_id, status, study, link, link.id, None, own)
    if caller.may_be_guessed:
        hold_off(request)
    if sent and not caller.may_be_guessed and (link.id or not own):
        return caller
    async with lab.pool.connection() as conn:
        door_id = link.id or await door.id_of_browser(conn, session_id, own)
        known = (await door.come_by_door(conn, session_id, [door_id])).get(door_id)
        player = await find_player(conn, known[0]) if known else None
        caller = replace(caller, door_id=door_id, player=player)
        taken = await _is_taken(conn, caller)
        new = player is None and goes_on and not await waves.returning(conn, session_id, [door_id])
    if new and status != "closed":
        return await _not_before(request, caller)
    return await _in_use(request, caller) if taken else caller


async def _no_door(request: Query, session_id: str) -> Response[str]:
    sentence = Sentence(
        "This study has no link for everybody. Open the link from your own invitation; if you have none, write to"
        " the people who sent you here."
    )
    return problem(request, 404, sentence, study=await lab_of(request).studies.of(session_id))


async def _is_taken(conn: Connection, caller: _Caller) -> bool:
    """Whether somebody else may well be in with an id that could be guessed: who is done, or has a page open now."""
    player = caller.player
    if player is None or not caller.is_stranger:
        return False
    if caller.is_done:
        return True
    return await is_connected(conn, caller.session_id, player.id) and not await door.yields(conn, player.id)


async def _not_before(request: Query, caller: _Caller) -> Response[str]:
    """Whoever was not in the session that this one goes on from. Whoever guesses ids learns that of few."""
    lab = lab_of(request)
    lab.door_counts.add(caller.session_id, caller.study, "not before")
    if caller.may_be_guessed and (wait := await lab.guesses.wrong(network_of(address_of(request)))):
        raise too_many(wait)
    sentence = Sentence(
        "This is a further part of a study, for those who came to the end of the part before. By this link you did"
        " not. If you did by another, open this one with the same account as then; or else write to the people who"
        " invited you."
    )
    return problem(request, 403, sentence, study=caller.study)


async def _in_use(request: Query, caller: _Caller) -> Response[str]:
    lab = lab_of(request)
    lab.door_counts.add(caller.session_id, caller.study, "in use")
    if wait := await lab.guesses.wrong(network_of(address_of(request))):
        raise too_many(wait)
    if caller.is_done:
        sentence = Sentence(
            "Somebody has come by this link already, and is done. If that was you, open it in the browser in which you"
            " took part: the code is there. If it was not, write to the people who invited you."
        )
        return problem(request, 409, sentence, study=caller.study)
    sentence = Sentence(
        "Somebody is in by this link already, with a page that is open just now. If that is you, go on there, or"
        " choose there that you go on in another browser, and come back here. If it is not, write to the people"
        " who invited you."
    )
    return problem(request, 409, sentence, _address(request), study=caller.study)


def _nobody_yet(caller: _Caller) -> Player:
    """Whoever has the link and has not come in by it."""
    return Player(
        token_hash=b"",
        id=0,
        session_id=caller.session_id,
        label="",
        type="",
        status="invited",
        room_id=None,
        slot=None,
        signed_in_at=None,
        waiting_since=None,
        seated_at=None,
        finished_at=None,
        outcome=None,
        code=None,
        session_status=caller.session_status,
    )


def _unfit(request: Query, session_id: str, study: Study, link: Unfit) -> Response[str]:
    lab_of(request).door_counts.add(session_id, study, link.why, link.name)
    return piece(templates.render_for(study, "player/door_unfit.html", study=study, link=link), 400)


async def _turned_back(request: Query, caller: _Caller, why: str) -> Response[str]:
    """Nothing is stored of them but a count."""
    if why == "erased":
        return _was_erased(request, caller)
    if why == "not before":
        return await _not_before(request, caller)
    if why == "enough":
        return _no_place(request, caller, "over", why)
    if why == "too many":
        lab_of(request).door_counts.add(caller.session_id, caller.study, why)
        sentence = Sentence(
            "Very many people have come from where you are within a few minutes. Wait for ten minutes, then open your"
            " link again."
        )
        return problem(
            request, 429, sentence, headers={"Retry-After": str(int(door.A_WHILE))}, study=caller.study
        )
    async with lab_of(request).pool.connection() as conn:
        way_in = await waiting_list.way_in_now(conn, caller.session_id, caller.study)
    return _no_place(request, caller, "over" if way_in.is_over else "full")


def _was_erased(request: Query, caller: _Caller) -> Response[str]:
    lab_of(request).door_counts.add(caller.session_id, caller.study, "erased")
    sentence = Sentence(
        "Somebody has taken part by this link already, and has had deleted what was personal. Nobody can come in by it"
        " again."
    )
    return problem(request, 410, sentence, study=caller.study)


def _no_place(request: Query, caller: _Caller, why: str, counted: str = "") -> Response[str]:
    """Nothing is stored of them but a count, as `counted`."""
    counted = counted or ("closed" if why == "closed" else "full")
    lab_of(request).door_counts.add(caller.session_id, caller.study, counted)
    again = _address(request) if caller.may_be_guessed and why != "closed" else ""
    return no_place(caller.study, caller.link.given, why, again=again)


def _parameters(request: Query) -> list[tuple[str, str]]:
    query = request.scope["query_string"].decode("latin-1")
    return parse_qsl(query, keep_blank_values=True, errors="replace")[:MOST_PARAMETERS]


def _address(request: Query) -> str:
    """Where this page's form goes: here, with all that came with the link."""
    query = request.scope["query_string"].decode("latin-1")
    return f"{request.url.path}?{query}" if query else request.url.path


def _privacy_address(request: Query) -> str:
    path, _, query = _address(request).partition("?")
    return f"{path}/privacy?{query}" if query else f"{path}/privacy"


HANDLERS = [door_form, come_by_door, yield_place, stored_by_door]
