"""The researcher's pages of the rooms, and what can be done there."""

from __future__ import annotations

from litestar import get, post
from litestar.exceptions import NotFoundException
from litestar.response import Redirect, Response

from app.database import clock
from app.database.connections import snapshot
from app.players import notes
from app.players.tokens import new_token
from app.sessions import actions, mending
from app.sessions.sessions import find_session
from app.study.digits import whole
from app.study.model.fields import first as first_of
from app.web import templates
from app.web.access import security
from app.web.action_forms import Action, Wish, carry_out, moment, number
from app.web.auth import address_of
from app.web.lab import Query, lab_of
from app.web.monitor import histories
from app.web.monitor.dashboard import type_numbers
from app.web.monitor.seats import doing
from app.web.monitor.ticks import room_lines
from app.web.researchers import ACTS, SEES, study_of, who_asks
from app.web.responses import page, piece

LISTED = 100  # seats in a table that is looked at each second


@get("/sessions/{session_id:str}/rooms", needs=SEES)
async def room_list(request: Query, session_id: str, find: str = "", status: str = "") -> Response[str]:
    """The rooms of the dashboard as a table."""
    lab, who = lab_of(request), who_asks(request)
    study = await study_of(request, session_id)
    async with lab.pool.connection() as conn:
        found = await room_lines(conn, session_id)
        session = await find_session(conn, session_id)
    stands = {one.id: "stopped" if one.stopped else one.status for one in found}
    kept = [one for one in found if status in ("", stands[one.id]) and find.strip() in one.name]
    context = dict(session=session, study=study, rooms=kept, find=find, status=status, who=who)
    context |= dict(now=clock.now())
    if "hx-request" in request.headers:
        return piece(templates.render("admin/_rooms.html", **context))
    return page("admin/rooms.html", context)


@get("/sessions/{session_id:str}/rooms/{room_id:int}", needs=SEES)
async def room_page(
    request: Query, session_id: str, room_id: int, drawn: str = "", seat: str = ""
) -> Response[str] | Redirect:
    """`drawn`: the lines that the page has already; `seat`: from which on the table lists them."""
    lab, who = lab_of(request), who_asks(request)
    study = await study_of(request, session_id)
    async with lab.pool.connection() as conn, snapshot(conn):
        story = await histories.story_in(conn, session_id, room_id)
        alone = None if story else await histories.alone_in(conn, session_id, room_id)
        most = len(story.view.seats) if story else 0
        first = max(1, min(whole(seat, 10**9) or 1, most))
        listed = story.view.seats[first - 1 : first - 1 + LISTED] if story else ()
        doings = await doing(conn, story.view.room, listed) if story else {}
    if alone is not None:
        return Redirect(f"/admin/sessions/{session_id}/players/{alone}", status_code=303)
    if story is None:
        raise NotFoundException("There is no such room in this session.")
    if lab.readers.begins(who.login_id, f"room {room_id}"):  # what they said there stands on it
        async with lab.pool.connection() as conn:
            await security.write(conn, "page_read", who.name, address_of(request), session_id, room=room_id)
    types = [one.type for one in story.sitters.values()]
    context = dict(story=story, room=story.view.room, study=study, who=who, now=clock.now(), replay="")
    context |= dict(type_numbers=type_numbers(study, types), drawn=drawn, first=first, most_listed=LISTED)
    context |= dict(doings=doings, form_key=new_token(12))
    if "hx-request" in request.headers:
        return piece(templates.render("admin/_room.html", **context))
    return page("admin/room.html", context)


@post("/sessions/{session_id:str}/rooms/{room_id:int}/{action:str}", needs=ACTS)
async def act_on_room(request: Query, session_id: str, room_id: int, action: str) -> Response[str] | Redirect:
    by, to = who_asks(request).name, f"/admin/sessions/{session_id}/rooms/{room_id}"
    await must_be_there(request, session_id, room_id)
    return await carry_out(request, ROOM_ACTIONS.get(action), by, to, session_id, room_id)


async def must_be_there(request: Query, session_id: str, room_id: int) -> None:
    """In this session, be it a room in which somebody goes on alone. Raises a 404."""
    async with lab_of(request).pool.connection() as conn:
        if not await histories.is_there(conn, session_id, room_id):
            raise NotFoundException("There is no such room in this session.")


async def _advance(wish: Wish) -> str:
    return await actions.advance(
        wish.conn, wish.session_id, wish.study, wish.room_id, number(wish, "position"), wish.by
    )


async def _extend(wish: Wish) -> str:
    position, given, seconds = (number(wish, name) for name in ("position", "given", "seconds"))
    return await actions.extend(wish.conn, wish.session_id, wish.room_id, position, given, seconds, wish.by)


async def _retry(wish: Wish) -> str:
    return await mending.retry(wish.conn, wish.session_id, wish.room_id, moment(wish, "at"), wish.by)


async def _end(wish: Wish) -> str:
    return await actions.end_room(wish.conn, wish.session_id, wish.study, wish.room_id, wish.by)


async def _tell(wish: Wish) -> str:
    body, key = notes.BODY.read(wish.form.get("body", ())), first_of(wish.form, "form_key")
    return await actions.tell_room(wish.conn, wish.session_id, wish.room_id, body, key, wish.by)


ROOM_ACTIONS: dict[str, Action] = dict(advance=_advance, extend=_extend, retry=_retry, end=_end, tell=_tell)
HANDLERS = [room_list, room_page, act_on_room]
