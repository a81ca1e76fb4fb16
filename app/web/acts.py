"""What a researcher does on a page: done in one transaction, in their name, and told in a sentence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from litestar.exceptions import NotFoundException
from litestar.response import Redirect, Response

from app.database.connections import Connection
from app.sessions.sessions import SessionError
from app.study.model.fields import FieldError, Form, first
from app.study.model.study import Study
from app.web import templates
from app.web.lab import Query, lab_of
from app.web.researchers import study_of
from app.web.responses import piece, problem, wants_page


@dataclass(frozen=True, slots=True)
class Wish:
    """What a researcher wants done, as the form says it."""

    conn: Connection
    session_id: str
    study: Study
    id: int  # the room's or player's
    form: Form
    by: str


Act = Callable[[Wish], Awaitable[str]]


async def act(
    request: Query,
    session_id: str,
    id: int,
    action: Act | None,
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


def number(wish: Wish, name: str) -> int:
    text = first(wish.form, name)
    if not (text.isascii() and text.isdecimal() and len(text) < 9):
        raise SessionError("The form does not say what it means. Reload the page and try again.")
    return int(text)


def moment(wish: Wish, name: str) -> datetime:
    try:
        return datetime.fromisoformat(first(wish.form, name))
    except ValueError:
        raise SessionError("The form does not say which moment it means. Reload the page.") from None
