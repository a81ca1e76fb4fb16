"""The player's side, for whoever has come in: play, ask for help, leave."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from litestar import get, post
from litestar.exceptions import ClientException
from litestar.response import Redirect, Response
from markupsafe import escape
from psycopg_pool import PoolTimeout, TooManyRequests

from app.database import clock
from app.players import drafts, notes, waiting_list
from app.rooms import dropouts
from app.rooms.messages import NewMessage, Spent, TooFast, read_message, spent
from app.rooms.records import form_id
from app.study.hooks.pool import HookError
from app.study.languages.texts import Sentence
from app.study.model.fields import FieldError, Form, first
from app.study.model.forms import typed
from app.web import hindrances, other_players, play_origin, record_forms, templates
from app.web.auth import NotSignedIn, check_whose, player_of, same_site
from app.web.coming_in import seat
from app.web.forms import form_of
from app.web.fragments import fragment
from app.web.lab import Query, lab_of
from app.web.live.done_place import DonePlace
from app.web.live.places import Place, RoomPlace
from app.web.live.versions import version_of
from app.web.live.whereabouts import place_of
from app.web.play_page import play_page
from app.web.record_forms import Posted
from app.web.refusals import refused, stale, undelivered
from app.web.responses import not_yet, page, piece, problem, texts_for, wants_page

LARGEST_FORM = 200_000  # bytes


@get("/")
async def front(request: Query) -> Response[str]:
    """For whoever comes without a link."""
    return page("front.html", texts=texts_for(request))


@get("/play")
async def play(
    request: Query, plain: bool | None = None, of: int = 0, still: bool = False
) -> Response[str] | Redirect:
    """To a page that asks for news and has them all: 304.

    `plain`: from now on without scripts, or with them again. `of`: the player whose page it was. `still`: a page
    without scripts is there, and loads itself again.
    """
    if of and (other := await other_players.gives_way(request, of)):
        return other
    if "hx-request" in request.headers:
        return await _news(request)
    place = await _place(request)
    if there := play_origin.elsewhere(request, place.study):
        return there
    lab_of(request).signs.gave(place.study, place.player.id)
    if (still or hindrances.is_plain(request, plain)) and place.player.may_change:
        again = hindrances.reloads_after(place) or 0
        lab_of(request).presence.asked(place.player.id, place.player.session_id, again)
    headers = {} if plain is None else hindrances.plain_headers(request, plain)
    return play_page(request, place, plain=plain, headers=headers)


async def _news(request: Query) -> Response[str]:
    """The page to one that asks by itself, which is no sign of life of the person before it."""
    lab, (player_id, session_id) = lab_of(request), player_of(request)
    headers = {"As-Of": str(templates.milliseconds(clock.now()))}
    async with lab.pool.connection() as conn:
        headers["ETag"] = f'"{await version_of(conn, player_id)}"'
    lab.presence.asked(player_id, session_id)
    # Whatever packs answers on the way may have weakened it.
    if request.headers.get("if-none-match", "").removeprefix("W/") == headers["ETag"]:
        return piece("", 304, headers)
    return play_page(request, await _place(request), headers=headers)


@get(
    [
        "/play/records",
        "/play/moves",
        "/play/messages",
        "/play/help",
        "/play/here",
        "/play/leave",
        "/play/yield",
    ]
)
async def back_to_play() -> Redirect:
    """Where a browser without scripts lands when it opens the address of a form again."""
    return Redirect("/play", status_code=303)


@post(record_forms.PATH, guards=[same_site])
async def store_records(request: Query) -> Response[str] | Redirect:
    """A record form that was not answered on its way here; web/server.py answers most, by `record_forms.take`."""
    posted = request.scope["state"].get("posted") or await _store(request)
    if isinstance(posted, BaseException):
        raise posted
    if posted.errors or posted.problem:
        return await _step_again(request, posted.form, posted.errors, posted.problem)
    if posted.key is None:
        return stale(request)
    if posted.waits:
        waits = Sentence("Kept, and saved once every question has an answer.")
        return piece(escape(texts_for(request).say(waits)), 202)
    if posted.receipt is None:
        return refused(request, await _place(request), posted.key.position if posted.is_final else None)
    receipt = {"Receipt": str(posted.receipt)}
    if posted.goes_on:
        await _go_on(request, posted.session_id, posted.key.room_id)
    if wants_page(dict(request.scope["headers"])):
        return Redirect("/play", status_code=303, headers=receipt)
    if (posted.goes_on or posted.is_final) and not posted.receipt.late:
        return piece(fragment("#page", "innerMorph", (await _place(request)).html()), headers=receipt)
    if not posted.receipt.late:
        return piece(record_forms.saved(lab_of(request), posted), headers=receipt)
    tried_ago = request.headers.get("tried-ago", "")
    in_time = await record_forms.was_sent_in_time(lab_of(request), posted, tried_ago)
    here = fragment("#page", "innerMorph", (await _place(request)).html())
    said = templates.render("player/_late.html", texts_for(request), in_time=in_time)
    return piece(here + fragment("#notice", "innerHTML", said), headers=receipt)


@post("/play/messages", guards=[same_site])
async def send_message(request: Query) -> Response[str] | Redirect:
    lab, (player_id, session_id) = lab_of(request), player_of(request)
    study, form = await lab.studies.of(session_id), await form_of(request)
    lab.signs.gave(study, player_id)
    key = record_forms.form_key(lab, "message", player_id, form, study)
    if key is None:
        return stale(request)
    step = study.plan[key.position].step
    wrote = read_message(form, step, study.words)
    if isinstance(wrote, Sentence):
        return problem(request, 422, wrote, "/play")
    said = [("to", str(wrote.to_slot)), ("body", wrote.body)]
    said += [("channel", wrote.channel.name)] if wrote.channel.name else []
    form_ = form_id(player_id, first(form, "form_key"), said)
    where = key.room_id, wrote.to_slot, step.name, wrote.channel
    lab.typists.wrote(player_id)
    sent = await lab.messages.commit(NewMessage(player_id, *where, wrote.body, form_, key.position))
    if isinstance(sent, TooFast):
        return not_yet(request, sent.seconds, form)
    if isinstance(sent, Spent):
        return problem(request, 422, spent(sent), "/play")
    if sent is None:
        return undelivered(request, await _place(request))
    if wants_page(dict(request.scope["headers"])):
        return Redirect("/play", status_code=303)
    next_key = lab.keys.message_key(player_id, key.room_id, key.position)
    return piece(templates.render("player/_message_key.html", message_key=next_key))


@post("/play/help", guards=[same_site])
async def ask_for_help(request: Query) -> Response[str] | Redirect:
    lab, (player_id, session_id) = lab_of(request), player_of(request)
    form = await form_of(request)
    key = first(form, "form_key")
    if lab.keys.read_form_key("help", player_id, key) is None:
        return stale(request)
    try:
        body = notes.BODY.read(form.get("body", ()))
    except FieldError as error:
        return problem(request, 422, error.sentence, "/play")
    place = await _place(request)
    lab.signs.gave(place.study, player_id)
    async with lab.pool.connection() as conn, conn.transaction():
        wait = await notes.ask(conn, session_id, player_id, body, place.situation, key)
    if wait:
        return not_yet(request, wait, form)
    if wants_page(dict(request.scope["headers"])):
        return Redirect("/play", status_code=303)
    place = await _place(request)
    here = fragment("#page", "innerMorph", place.html())
    if isinstance(place, DonePlace):  # its page listens to nothing any more
        here += fragment("#notice", "afterend", templates.render("player/_live.html"))
    return piece(here)


@post("/play/draft", guards=[same_site], status_code=204)
async def keep_draft(request: Query) -> None:
    """What was typed and not yet saved. A page sends it now and then and asks for no answer."""
    lab, (player_id, session_id) = lab_of(request), player_of(request)
    form = await form_of(request)
    lab.signs.gave(await lab.studies.of(session_id), player_id)
    name, key = first(form, "draft"), first(form, "draft_key")
    if name not in drafts.FORMS or len(key) > drafts.LONGEST_KEY:
        raise ClientException("There is no such form.")
    answers = lab.keys.read_form_key("answer", player_id, key) if name == "answers" else None
    position = answers.position if answers else None
    with suppress(PoolTimeout, TooManyRequests):
        async with lab.pool.connection(timeout=1) as conn:
            await drafts.keep(conn, player_id, name, key, form, position)


@post("/play/here", guards=[same_site])
async def say_here(request: Query) -> Response[str] | Redirect:
    """A sign of life: the button of somebody who was nudged, or whose room comes together, or what a page tells."""
    lab, (player_id, session_id) = lab_of(request), player_of(request)
    lab.signs.gave(await lab.studies.of(session_id), player_id)
    form = await form_of(request)
    if first(form, "ready"):
        await seat(lab, session_id, player_id, ready=True)
        if not wants_page(dict(request.scope["headers"])):
            return piece(fragment("#page", "innerMorph", (await _place(request)).html()))
    if first(form, "nudged"):
        async with lab.pool.connection() as conn, conn.transaction():
            await dropouts.come_back(conn, player_id)
    if wants_page(dict(request.scope["headers"])):
        return Redirect("/play", status_code=303)
    return piece(fragment("#nudge", "delete", ""))


@post("/play/leave", guards=[same_site])
async def leave(request: Query) -> Redirect:
    lab, (player_id, session_id) = lab_of(request), player_of(request)
    form = await form_of(request)
    check_whose(first(form, "player"), player_id)
    study = await lab.studies.of(session_id)
    declines = record_forms.form_key(lab, "answer", player_id, form, study) if "decline" in form else None
    async with lab.pool.connection() as conn, conn.transaction():
        if "decline" in form:
            to = declines and (declines.room_id, declines.position)
            room_id = await dropouts.decline(conn, study, *to) if to else None
        else:
            waited = await waiting_list.leave(conn, player_id, study)
            room_id = None if waited else await dropouts.withdraw(conn, player_id, study)
    if room_id is not None:
        lab.conductor.hint([room_id])
    return Redirect("/play", status_code=303)


async def _place(request: Query) -> Place:
    lab, (player_id, session_id) = lab_of(request), player_of(request)
    await lab.studies.of(session_id)
    async with lab.pool.connection() as conn:
        place = await place_of(conn, lab.live.shared, session_id, player_id)
    if place is None:
        raise NotSignedIn
    return place


async def _store(request: Query) -> Posted:
    lab, (player_id, session_id) = lab_of(request), player_of(request)
    study, body = await lab.studies.of(session_id), await request.body()
    posted = record_forms.read(lab, study, player_id, session_id, dict(request.scope["headers"]), body)
    if posted.answer is None:
        return posted
    try:
        await record_forms.judge(lab, posted)
    except HookError:
        return posted  # its room waits, which its page says, and nothing is stored
    if posted.problem:
        return posted
    return record_forms.settled(lab, posted, await lab.answers.commit(posted.answer))


async def _go_on(request: Query, session_id: str, room_id: int) -> None:
    """The next page of whoever goes on alone opens with their answer; should that fail, as any room's does."""
    conductor = lab_of(request).conductor
    try:
        await conductor.move_now(session_id, room_id)
    finally:
        conductor.hint([room_id])


async def _step_again(
    request: Query, form: Form, errors: Mapping[str, str], problem: str
) -> Response[str] | Redirect:
    """The same step with what was typed and a sentence beside each wrong field, or above all of them."""
    place = await _place(request)
    if not isinstance(place, RoomPlace):
        return Redirect("/play", status_code=303)
    said = templates.texts_of(place.study).say_all(errors)
    place = replace(place, values=typed(place.position.step.fields, form), errors=said, problem=problem)
    if wants_page(dict(request.scope["headers"])):
        return play_page(request, place, 422)
    return piece(place.step_html(), 422)


HANDLERS = [
    front,
    play,
    back_to_play,
    store_records,
    send_message,
    ask_for_help,
    keep_draft,
    say_here,
    leave,
]
