"""Actions: what a researcher asks for on a page, done in one transaction, in their name, and told in a sentence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from litestar.exceptions import NotFoundException
from litestar.response import Redirect, Response

from app.database.connections import Connection
from app.sessions.sessions import SessionError
from app.sessions.starts import StartError
from app.study.digits import whole
from app.study.model.fields import FieldError, Form, first
from app.study.model.study import Study
from app.web import templates
from app.web.forms import form_of
from app.web.lab import Query, lab_of
from app.web.researchers import study_of
from app.web.responses import piece, problem, wants_page


@dataclass(frozen=True, slots=True)
class Wish:
    """What a researcher wants done to a player, a room or (without these) a session, as the form says it."""

    conn: Connection
    session_id: str
    study: Study
    room_id: int  # 0: in none
    player_id: int  # 0: to nobody in particular
    form: Form
    by: str


Action = Callable[[Wish], Awaitable[str]]


async def carry_out(
    request: Query,
    action: Action | None,
    by: str,
    to: str,
    session_id: str,
    room_id: int = 0,
    player_id: int = 0,
    back: bool = False,
) -> Response[str] | Redirect:
    """`to`: the page that it was asked for on; `back`: whoever asks gets that again, never the sentence alone."""
    if action is None:
        raise NotFoundException("There is no such action.")
    try:
        said = await act(request, action, by, session_id, await form_of(request), room_id, player_id)
    except StartError as error:
        return problem(request, 422, str(error), to)
    except SessionError as error:
        return problem(request, 409, str(error), to)
    except FieldError as error:
        return problem(request, 422, str(error), to)
    if back or wants_page(dict(request.scope["headers"])):
        return Redirect(to, status_code=303)
    return piece(templates.render("admin/_said.html", said=said))


async def act(
    request: Query, action: Action, by: str, session_id: str, form: Form, room_id: int = 0, player_id: int = 0
) -> str:
    """What was done, in a sentence. A room that is named may have to move on afterwards.

    Raises `SessionError` and `FieldError`.
    """
    lab, study = lab_of(request), await study_of(request, session_id)
    async with lab.pool.connection() as conn, conn.transaction():
        said = await action(Wish(conn, session_id, study, room_id, player_id, form, by))
    if room_id:
        lab.conductor.hint([room_id])
    return said


def number(wish: Wish, name: str, most: int = 99_999_999) -> int:
    found = whole(first(wish.form, name), most)
    if found is None:
        raise SessionError("The form does not say what it means. Reload the page and try again.")
    return found


def moment(wish: Wish, name: str) -> datetime:
    try:
        return datetime.fromisoformat(first(wish.form, name))
    except ValueError:
        raise SessionError("The form does not say which moment it means. Reload the page.") from None
