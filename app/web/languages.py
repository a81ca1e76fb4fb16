"""In which of its study's languages a page is: as the link says, the person chose, or their browser asks for."""

from __future__ import annotations

from typing import Any

from litestar import Request, post
from litestar.datastructures import Cookie
from litestar.response import Redirect

from app.players import languages
from app.study.languages.choice import preferred
from app.study.model.entrance import READ_IN
from app.study.model.fields import Form, first
from app.study.model.study import Study
from app.web.auth import check_whose, cookie_in, is_secure, player_of, same_site
from app.web.forms import form_of
from app.web.lab import Query, lab_of
from app.web.signing import WEEK

ASKED = "lang"  # of the address of a link
COOKIE = "networklab_language"


def at_door(request: Request[Any, Any, Any], study: Study) -> Study:
    """As who has just opened a link reads it."""
    asked = str(request.query_params.get(ASKED, ""))
    if not study.spoken or asked in study.spoken:
        return study.said_in(asked)
    wish = preferred(request.headers.get("accept-language", ""), study.spoken, study.language)
    return study.said_in(wish)


def of_cookie(request: Request[Any, Any, Any], study: Study) -> Study:
    """As this browser read it last: for a sentence that must not ask the database."""
    if not study.spoken:
        return study
    return study.said_in(cookie_in(dict(request.scope["headers"]), COOKIE))


async def keep(request: Request[Any, Any, Any], study: Study, player_id: int, form: Form) -> list[Cookie]:
    """What somebody has just come in with; the cookie by which their browser remembers it."""
    language = first(form, READ_IN)
    if language not in study.spoken:
        return []
    async with lab_of(request).pool.connection() as conn:
        await languages.choose(conn, player_id, language)
    age, secure = int(WEEK), is_secure(request)
    return [Cookie(key=COOKIE, value=language, max_age=age, secure=secure, httponly=True, samesite="lax")]


@post("/play/language", guards=[same_site])
async def choose_language(request: Query) -> Redirect:
    lab, (player_id, session_id) = lab_of(request), player_of(request)
    form = await form_of(request)
    check_whose(first(form, "player"), player_id)
    cookies = await keep(request, await lab.studies.of(session_id), player_id, form)
    return Redirect("/play", status_code=303, cookies=cookies)


HANDLERS = [choose_language]
