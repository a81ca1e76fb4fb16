"""The player's side: sign in, play, leave."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated
from urllib.parse import parse_qsl

from litestar import Litestar, Request, asgi, get, post
from litestar.datastructures import FormMultiDict, State
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import Parameter
from litestar.response import Redirect, Response
from litestar.types import ASGIApp, Receive, Scope, Send

from app import html, players, rooms
from app.auth import (
    PLAYER_COOKIE,
    Limit,
    NotSignedIn,
    RawHeaders,
    address_of,
    check_site,
    cookie,
    player_in,
    player_of,
    same_site,
)
from app.html import fragment
from app.keys import FormKey
from app.lab import Lab, lab_of
from app.ledger import Busy
from app.messages import BODY, Draft
from app.pages import HEADERS, NOT_KEPT, page, piece, problem, wants_page
from app.places import LobbyPlace, Place, RoomPlace, place_of
from app.players import Arrival, Player
from app.records import Answer, Receipt, form_id
from app.study import Field, FieldError, Study

Query = Request[object, object, State]
Token = Annotated[str, Parameter(max_length=200)]
LARGEST_FORM = 200_000  # bytes
SEATING_PATIENCE = 12.0  # seconds
wrong_tokens = Limit(most=60, seconds=60)


class UnknownToken(Exception):
    """A link that leads nowhere."""


@get("/join/{token:str}")
async def join_form(request: Query, token: Token) -> Response[str]:
    """Changes nothing: link scanners open it too."""
    lab, player = lab_of(request), await _invited(request, token)
    if player.status != "invited":
        study = await lab.studies.of(player.session_id)
        return page("player/join_again.html", dict(player=player, study=study, token=token))
    if player.session_status == "closed":
        return _closed(request)
    study = await lab.studies.of(player.session_id)
    return page("player/join.html", dict(study=study, token=token, values={}, errors={}))


@post("/join/{token:str}", guards=[same_site])
async def join(request: Query, token: Token) -> Response[str] | Redirect:
    lab, player = lab_of(request), await _invited(request, token)
    study = await lab.studies.of(player.session_id)
    entry: dict[str, str] = {}
    if player.status == "invited":
        if player.session_status == "closed":
            return _closed(request)
        form = await request.form()
        entry, errors = read_fields(study.entry, form)
        if errors:
            typed = {field.name: form.get(field.name, "") for field in study.entry}
            return page("player/join.html", dict(study=study, token=token, values=typed, errors=errors), 422)
    signed_in = await lab.arrivals.commit(Arrival(token, entry))
    assert signed_in is not None
    if signed_in.status == "invited":
        return _closed(request)
    if signed_in.status == "waiting":
        try:
            async with asyncio.timeout(SEATING_PATIENCE):
                await lab.seating.seat(signed_in.session_id, signed_in.id)
        except TimeoutError:
            raise Busy from None  # signed in all the same; asking again finds out where
    key = lab.keys.player_cookie(signed_in.id, signed_in.session_id)
    return Redirect("/play", status_code=303, headers=cookie(PLAYER_COOKIE, key, lab.config.secure))


@get("/play")
async def play(request: Query) -> Response[str]:
    place = await _place(request)
    return _play(place)


@get(["/play/messages", "/play/leave"])
async def back_to_play() -> Redirect:
    """Where a browser without scripts lands when it opens the address of a form again."""
    return Redirect("/play", status_code=303)


@dataclass(frozen=True, slots=True)
class Posted:
    """A record form and what became of it."""

    player_id: int
    form: FormMultiDict
    key: FormKey | None  # None: not from a page of theirs
    errors: Mapping[str, str]  # field → sentence; then nothing is stored
    receipt: Receipt | None = None  # None: nothing is stored

    @property
    def is_saved_in_time(self) -> bool:
        return self.receipt is not None and not self.receipt.late


def records_first(app: Litestar) -> ASGIApp:
    """The hot route: almost every form is saved and answered before Litestar has to look at it.

    No database but the ledger's commit, nothing rendered but a key. Whatever needs a page or a sentence goes on to
    Litestar, with what became of it: nothing is stored or waited for a second time.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("path") == "/play/records" and scope.get("method") == "POST":
            lab, headers = app.state.lab, dict(scope["headers"])
            posted: Posted | Exception
            try:
                posted = await _post(lab, headers, receive)
            except Exception as error:
                posted = error
            if isinstance(posted, Posted) and posted.is_saved_in_time and not wants_page(headers):
                await _say_saved(lab, posted, send)
                return
            scope["state"]["posted"] = posted
        await app(scope, receive, send)

    return answer


async def _post(lab: Lab, headers: RawHeaders, receive: Receive) -> Posted:
    check_site(headers, lab.config)
    player_id, session_id = player_in(headers, lab.keys)
    study, form = await lab.studies.of(session_id), await _read_form(headers, receive)
    key = _form_key(lab, player_id, form, study)
    if key is None:
        return Posted(player_id, form, None, {})
    position = study.plan[key.position]
    values, errors = read_fields(position.step.fields, form)
    if errors:
        return Posted(player_id, form, key, errors)
    said = tuple(values.items())
    form_ = form_id(player_id, form["form_key"], said)
    receipt = await lab.answers.commit(
        Answer(player_id, key.room_id, position.step.name, position.round, said, form_)
    )
    if position.step.ends == "answered":
        lab.conductor.hint([key.room_id])
    return Posted(player_id, form, key, {}, receipt)


@asgi("/play/records", copy_scope=True)
async def store_records(scope: Scope, receive: Receive, send: Send) -> None:
    """What `records_first` has not answered."""
    request: Query = Request(scope, receive, send)
    response: Response[str] | Redirect = Redirect("/play", status_code=303)
    if scope["method"] == "POST":  # type: ignore[typeddict-item]
        posted = scope["state"].get("posted", NotFoundException())  # absent: the address has a slash too many
        if isinstance(posted, Exception):
            raise posted
        response = await _answer(request, posted)
    await response.to_asgi_response(app=request.app, request=request)(scope, receive, send)


async def _answer(request: Query, posted: Posted) -> Response[str] | Redirect:
    if posted.errors:
        return await _step_again(request, posted.form, posted.errors)
    if posted.receipt is None:
        return _stale(request)
    receipt = {"Receipt": str(posted.receipt)}
    if wants_page(dict(request.scope["headers"])):
        return Redirect("/play", status_code=303, headers=receipt)
    here = fragment("#page", "innerMorph", (await _place(request)).html())
    late = fragment("#notice", "innerHTML", html.render("player/_late.html"))
    return piece(here + late, headers=receipt)


async def _say_saved(lab: Lab, posted: Posted, send: Send) -> None:
    """The receipt, and the key of the next form."""
    assert posted.key is not None and posted.receipt is not None
    before, after = _saved_around_key()
    room_id, position = posted.key.room_id, posted.key.position
    key = lab.keys.answer_key(posted.player_id, room_id, position, posted.receipt.version)
    body = before + key.encode() + after
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"receipt", str(posted.receipt).encode()),
        *HEADERS,
        NOT_KEPT,
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


@cache
def _saved_around_key() -> tuple[bytes, bytes]:
    before, _, after = html.render("player/_saved.html", form_key="KEY").partition("KEY")
    return before.encode(), after.encode()


async def _read_form(headers: RawHeaders, receive: Receive) -> FormMultiDict:
    """The fields of a form as browsers send it. Raises a 400 or a 413."""
    body = bytearray()
    while True:
        event = await receive()
        if event["type"] != "http.request":
            raise ClientException("The connection was closed in the middle of the form.")
        body += event["body"]
        if len(body) > LARGEST_FORM:
            raise ClientException(status_code=413)
        if not event["more_body"]:
            break
    if body and not headers.get(b"content-type", b"").startswith(b"application/x-www-form-urlencoded"):
        raise ClientException("This was not sent as a form.")
    try:
        return FormMultiDict(
            parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=500)
        )
    except ValueError:
        raise ClientException("The form has bytes that are no text.") from None


@post("/play/messages", guards=[same_site])
async def send_message(request: Query) -> Response[str] | Redirect:
    lab, (player_id, session_id) = lab_of(request), player_of(request)
    study, form = await lab.studies.of(session_id), await request.form()
    key = _form_key(lab, player_id, form, study)
    if key is None:
        return _stale(request)
    step = study.plan[key.position].step
    body, to, wrong = _read_message(form, step.chat)
    if wrong:
        return problem(request, 422, wrong, "/play")
    form_ = form_id(player_id, form["form_key"], (("to", str(to)), ("body", body)))
    sent = await lab.messages.commit(
        Draft(player_id, key.room_id, to, step.name, step.chat == "room", body, form_)
    )
    if sent is None:
        sentence = "This message can’t be delivered: you are not connected with that person, or your group has ended."
        return problem(request, 422, sentence, "/play")
    if wants_page(dict(request.scope["headers"])):
        return Redirect("/play", status_code=303)
    next_key = lab.keys.message_key(player_id, key.room_id, key.position)
    return piece(html.render("player/_message_key.html", message_key=next_key))


@post("/play/leave", guards=[same_site])
async def leave(request: Query) -> Redirect:
    lab, (player_id, session_id) = lab_of(request), player_of(request)
    study = await lab.studies.of(session_id)
    async with lab.pool.connection() as conn, conn.transaction():
        room_id = await rooms.withdraw(conn, player_id, study)
    if room_id is not None:
        lab.conductor.hint([room_id])
    return Redirect("/play", status_code=303)


def read_fields(fields: tuple[Field, ...], form: FormMultiDict) -> tuple[dict[str, str], dict[str, str]]:
    """What was posted for these fields, and a sentence beside each that cannot be stored."""
    values: dict[str, str] = {}
    errors: dict[str, str] = {}
    for field in fields:
        try:
            values[field.name] = field.read([str(one) for one in form.getall(field.name, [])])
        except FieldError as error:
            errors[field.name] = str(error)
    return values, errors


def _play(place: Place, status: int = 200) -> Response[str]:
    waiting = isinstance(place, LobbyPlace)
    return page("player/play.html", dict(place=place, title=place.study.title, waiting=waiting), status)


async def _invited(request: Query, token: str) -> Player:
    async with lab_of(request).pool.connection() as conn:
        player = await players.find_by_token(conn, token)
    if player is None:
        # Only whoever guesses is held off: a whole classroom may come from one address.
        wrong_tokens.check(address_of(request))
        wrong_tokens.fail(address_of(request))
        raise UnknownToken
    return player


async def _place(request: Query) -> Place:
    lab, (player_id, session_id) = lab_of(request), player_of(request)
    study = await lab.studies.of(session_id)
    async with lab.pool.connection() as conn:
        place = await place_of(conn, lab.keys, study, player_id)
    if place is None:
        raise NotSignedIn
    return place


async def _step_again(
    request: Query, form: FormMultiDict, errors: Mapping[str, str]
) -> Response[str] | Redirect:
    """The same step with what was typed and a sentence beside each wrong field."""
    place = await _place(request)
    if not isinstance(place, RoomPlace):
        return Redirect("/play", status_code=303)
    typed = {field.name: str(form.get(field.name, "")) for field in place.position.step.fields}
    place = replace(place, values=typed, errors=errors)
    if wants_page(dict(request.scope["headers"])):
        return _play(place, 422)
    return piece(place.step_html(), 422)


def _form_key(lab: Lab, player_id: int, form: FormMultiDict, study: Study) -> FormKey | None:
    key = lab.keys.read_form_key(player_id, str(form.get("form_key", "")))
    return key if key is not None and key.position < len(study.plan) else None


def _read_message(form: FormMultiDict, chat: str) -> tuple[str, int | None, str]:
    """Body, slot it is for, and what is wrong with it (empty if nothing)."""
    to = str(form.get("to", ""))
    if chat == "none":
        return "", None, "Nobody can write messages at this step."
    if to and not (to.isascii() and to.isdecimal() and len(to) < 6):
        return "", None, "This message names nobody who is here. Choose a person and send it again."
    try:
        body = BODY.read([str(form.get("body", ""))])
    except FieldError as error:
        return "", None, str(error)
    return body, int(to) if to else None, ""


def _stale(request: Query) -> Response[str]:
    sentence = (
        "This page is no longer where you are. Reload it to see where you are now; what you saved is kept."
    )
    return problem(request, 409, sentence, "/play")


def _closed(request: Query) -> Response[str]:
    sentence = "This session is closed: nobody can come in any more. If you were invited, write to whoever invited you."
    return problem(request, 410, sentence)


HANDLERS = [join_form, join, play, back_to_play, store_records, send_message, leave]
