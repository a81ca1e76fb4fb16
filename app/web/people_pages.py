"""The researcher's pages of one player and one room, and what can be done there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from litestar import Request, get, post
from litestar.datastructures import State
from litestar.exceptions import NotFoundException
from litestar.response import Redirect, Response

from app.database import clock
from app.database.connections import Connection
from app.players import notes
from app.players.pay import account_now
from app.players.people import new_token
from app.players.players import Player, find_player
from app.rooms import takeovers
from app.sessions import actions, stopped_rooms
from app.sessions.sessions import SessionError, find_session
from app.study.model.fields import FieldError, Form, first
from app.study.model.study import Study
from app.web import templates
from app.web.admin_pages import logged_in, owner, study_of
from app.web.lab import lab_of
from app.web.live.places import place_of
from app.web.monitor import histories
from app.web.monitor.dashboard import type_numbers
from app.web.monitor.ticks import room_lines
from app.web.responses import page, piece, problem, wants_page
from app.web.templates import fragment

Query = Request[object, object, State]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a researcher wants done, as the form says it."""

    conn: Connection
    session_id: str
    study: Study
    id: int  # the room's or player's
    form: Form
    by: str


async def _advance(wish: Wish) -> str:
    return await actions.advance(
        wish.conn, wish.session_id, wish.study, wish.id, _number(wish, "position"), wish.by
    )


async def _extend(wish: Wish) -> str:
    deadline = _moment(wish, "deadline")
    return await actions.extend(
        wish.conn, wish.session_id, wish.id, deadline, _number(wish, "seconds"), wish.by
    )


async def _retry(wish: Wish) -> str:
    return await stopped_rooms.retry(wish.conn, wish.session_id, wish.id, _moment(wish, "at"), wish.by)


async def _end(wish: Wish) -> str:
    return await actions.end_room(wish.conn, wish.session_id, wish.study, wish.id, wish.by)


async def _dismiss(wish: Wish) -> str:
    outcome = first(wish.form, "outcome")
    return await actions.dismiss(wish.conn, wish.session_id, wish.study, wish.id, outcome, wish.by)


async def _replace(wish: Wish) -> str:
    newcomer, outcome = _number(wish, "newcomer"), first(wish.form, "outcome")
    return await actions.replace(wish.conn, wish.session_id, wish.study, wish.id, newcomer, outcome, wish.by)


async def _issue(wish: Wish) -> str:
    outcome = first(wish.form, "outcome")
    return await actions.issue(wish.conn, wish.session_id, wish.study, wish.id, outcome, wish.by)


async def _retype(wish: Wish) -> str:
    return await actions.retype(
        wish.conn, wish.session_id, wish.study, wish.id, first(wish.form, "type"), wish.by
    )


async def _note(wish: Wish) -> str:
    body, key = notes.BODY.read(wish.form.get("body", ())), first(wish.form, "form_key")
    await notes.write(wish.conn, wish.session_id, wish.id, wish.by, body, key)
    return "It stands on their page now."


OF_ROOM: dict[str, Callable[[Wish], Awaitable[str]]] = dict(
    advance=_advance, extend=_extend, retry=_retry, end=_end
)
OF_PLAYER: dict[str, Callable[[Wish], Awaitable[str]]] = dict(
    dismiss=_dismiss, replace=_replace, issue=_issue, retype=_retype, note=_note
)


@get("/sessions/{session_id:str}/players")
async def people(
    request: Query, session_id: str, find: str = "", status: str = "", type: str = "", connection: str = ""
) -> Response[str]:
    lab, who = lab_of(request), await logged_in(request)
    study = await study_of(request, session_id)
    async with lab.pool.connection() as conn:
        found, more = await histories.find_people(
            conn, session_id, find.strip()[:200], status, type, connection
        )
        session = await find_session(conn, session_id)
    context = dict(
        session=session,
        study=study,
        people=found,
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


@get("/sessions/{session_id:str}/players/{player_id:int}")
async def player_page(request: Query, session_id: str, player_id: int) -> Response[str]:
    lab, who = lab_of(request), await logged_in(request)
    study = await study_of(request, session_id)
    async with lab.pool.connection() as conn:
        player = await _player(conn, session_id, player_id)
        story = await histories.story_of(conn, player)
        place = await place_of(conn, lab.keys, study, player_id)
        standbys = await takeovers.standbys_for(conn, player)
        account = await account_now(conn, study, player, clock.now())
    shown = place.html() if place else ""
    context = dict(story=story, player=player, study=study, shown=shown, who=who, now=clock.now())
    context |= dict(standbys=standbys, account=account)
    context |= dict(form_key=new_token(12), type_numbers=type_numbers(study, [player.type]))
    if "hx-request" in request.headers:
        acts = fragment("#acts", "innerMorph", templates.render("admin/_acts.html", **context))
        return piece(templates.render("admin/_player.html", **context) + acts)
    return page("admin/player.html", context)


@get("/sessions/{session_id:str}/rooms")
async def room_list(request: Query, session_id: str, find: str = "", status: str = "") -> Response[str]:
    """The rooms of the dashboard as a table."""
    lab, who = lab_of(request), await logged_in(request)
    study = await study_of(request, session_id)
    async with lab.pool.connection() as conn:
        found = await room_lines(conn, session_id)
        session = await find_session(conn, session_id)
    kept = [one for one in found if status in ("", one.status) and find.strip() in one.name]
    context = dict(session=session, study=study, rooms=kept, find=find, status=status, who=who)
    context |= dict(now=clock.now())
    if "hx-request" in request.headers:
        return piece(templates.render("admin/_rooms.html", **context))
    return page("admin/rooms.html", context)


@get("/sessions/{session_id:str}/rooms/{room_id:int}")
async def room_page(request: Query, session_id: str, room_id: int) -> Response[str]:
    lab, who = lab_of(request), await logged_in(request)
    study = await study_of(request, session_id)
    async with lab.pool.connection() as conn, conn.transaction():
        await conn.execute("set transaction isolation level repeatable read, read only")
        story = await histories.story_in(conn, session_id, room_id)
    if story is None:
        raise NotFoundException("There is no such room in this session.")
    types = [one.type for one in story.sitters.values()]
    context = dict(story=story, room=story.view.room, study=study, who=who, now=clock.now(), past="")
    context |= dict(type_numbers=type_numbers(study, types))
    if "hx-request" in request.headers:
        return piece(templates.render("admin/_room.html", **context))
    return page("admin/room.html", context)


@post("/sessions/{session_id:str}/rooms/{room_id:int}/{action:str}")
async def act_on_room(request: Query, session_id: str, room_id: int, action: str) -> Response[str] | Redirect:
    by, to = await owner(request), f"/admin/sessions/{session_id}/rooms/{room_id}"
    return await _act(request, session_id, room_id, OF_ROOM.get(action), by, to, room_id)


@post("/sessions/{session_id:str}/players/{player_id:int}/{action:str}")
async def act_on_player(
    request: Query, session_id: str, player_id: int, action: str
) -> Response[str] | Redirect:
    by = await owner(request)  # first: nobody else learns who is there
    async with lab_of(request).pool.connection() as conn:
        player = await _player(conn, session_id, player_id)
    to = f"/admin/sessions/{session_id}/players/{player_id}"
    return await _act(request, session_id, player_id, OF_PLAYER.get(action), by, to, player.room_id)


@post("/sessions/{session_id:str}/banner")
async def banner(request: Query, session_id: str) -> Response[str] | Redirect:
    """Words for everybody; without any, what stood there is taken down."""

    async def tell(wish: Wish) -> str:
        text = first(wish.form, "body").strip()
        body = notes.BODY.read([text]) if text else ""
        await notes.write(wish.conn, session_id, None, wish.by, body, first(wish.form, "form_key"))
        return "It stands on every page now." if body else "It is taken down."

    by, to = await owner(request), f"/admin/sessions/{session_id}"
    return await _act(request, session_id, 0, tell, by, to)


@post("/sessions/{session_id:str}/retry-seating")
async def retry_seating(request: Query, session_id: str) -> Response[str] | Redirect:
    async def retry(wish: Wish) -> str:
        return await stopped_rooms.retry_seating(wish.conn, session_id, _moment(wish, "at"), wish.by)

    by, to = await owner(request), f"/admin/sessions/{session_id}"
    return await _act(request, session_id, 0, retry, by, to)


@post("/sessions/{session_id:str}/seat")
async def seat_now(request: Query, session_id: str) -> Response[str] | Redirect:
    async def seat(wish: Wish) -> str:
        return await actions.seat_now(wish.conn, session_id, wish.study, first(wish.form, "kind"), wish.by)

    by, to = await owner(request), f"/admin/sessions/{session_id}"
    return await _act(request, session_id, 0, seat, by, to)


async def _act(
    request: Query,
    session_id: str,
    id: int,
    action: Callable[[Wish], Awaitable[str]] | None,
    by: str,
    to: str,
    room_id: int | None = None,
) -> Response[str] | Redirect:
    """`room_id`: the room that may have to move on afterwards."""
    lab = lab_of(request)
    if action is None:
        raise NotFoundException("There is no such action.")
    study, form = await study_of(request, session_id), (await request.form()).dict()
    try:
        async with lab.pool.connection() as conn, conn.transaction():
            said = await action(Wish(conn, session_id, study, id, form, by))
    except SessionError as error:
        return problem(request, 409, str(error), to)
    except FieldError as error:
        return problem(request, 422, str(error), to)
    if room_id is not None:
        lab.conductor.hint([room_id])
    if wants_page(dict(request.scope["headers"])):
        return Redirect(to, status_code=303)
    return piece(templates.render("admin/_said.html", said=said))


def _number(wish: Wish, name: str) -> int:
    text = first(wish.form, name)
    if not (text.isascii() and text.isdecimal() and len(text) < 9):
        raise SessionError("The form does not say what it means. Reload the page and try again.")
    return int(text)


def _moment(wish: Wish, name: str) -> datetime:
    try:
        return datetime.fromisoformat(first(wish.form, name))
    except ValueError:
        raise SessionError("The form does not say which moment it means. Reload the page.") from None


async def _player(conn: Connection, session_id: str, player_id: int) -> Player:
    player = await find_player(conn, player_id)
    if player is None or player.session_id != session_id:
        raise NotFoundException("There is no such player in this session.")
    return player


HANDLERS = [
    people,
    player_page,
    room_list,
    room_page,
    act_on_room,
    act_on_player,
    banner,
    retry_seating,
    seat_now,
]
