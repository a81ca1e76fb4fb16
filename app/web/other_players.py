"""Several players in one browser, such as a laboratory's: one of them goes on, and the pages of the others say so.

A browser's cookie names one player. Whoever was named before stands in a second one, with the key that they came in
by, so that one can go back to them without their link. Each request of a page says whose page it is (`OtherPlayer`).
"""

from __future__ import annotations

from litestar import post
from litestar.datastructures import Cookie
from litestar.response import Redirect, Response

from app.database.clusters import LARGEST_NUMBER
from app.players.players import find_player
from app.study.digits import whole
from app.study.model.fields import first
from app.web.auth import PLAYER_COOKIE, NotSignedIn, cookie_in, is_secure, own_cookie, player_of, same_site
from app.web.forms import form_of
from app.web.lab import Query, lab_of
from app.web.responses import page, texts_for
from app.web.signing import WEEK

OTHERS_COOKIE, BETWEEN = "networklab_others", "~"
MOST = 8
Keys = dict[int, str]  # player → the key in their cookie


async def is_elsewhere(request: Query, player_id: int) -> bool:
    """Whether this browser is in already, as somebody else who still waits or plays."""
    other = _one_of(request).keys() - {player_id}
    return bool(other) and await _is_in(request, other.pop())


def remembered(request: Query, newcomer: int) -> list[Cookie]:
    """The cookie with those who were in before `newcomer`; none where nobody was."""
    before = _one_of(request) | _others_of(request)
    before.pop(newcomer, None)
    if not before and OTHERS_COOKIE not in request.cookies:
        return []
    return [
        Cookie(
            key=OTHERS_COOKIE,
            value=BETWEEN.join(list(before.values())[:MOST]),
            max_age=int(WEEK),
            secure=is_secure(request),
            httponly=True,
            samesite="lax",
        )
    ]


async def gives_way(request: Query, of: int) -> Response[str] | None:
    """For the page of a player when the browser goes on as another; None where it does not."""
    if of == player_of(request)[0]:
        return None
    shown = dict(of=of, can_go_back=of in _others_of(request) and await _is_in(request, of))
    return page("player/other.html", shown, texts=texts_for(request))


@post("/play/as", guards=[same_site])
async def go_on_as(request: Query) -> Redirect:
    """Back to somebody who was in before, and still is: the code of who is done is not for whoever sits here next."""
    player_id = whole(first(await form_of(request), "player"), LARGEST_NUMBER) or 0
    key = (_others_of(request) | _one_of(request)).get(player_id)
    if key is None or not await _is_in(request, player_id):
        raise NotSignedIn
    headers = own_cookie(request, PLAYER_COOKIE, key)
    return Redirect("/play", status_code=303, headers=headers, cookies=remembered(request, player_id))


async def _is_in(request: Query, player_id: int) -> bool:
    async with lab_of(request).pool.connection() as conn:
        found = await find_player(conn, player_id)
    return found is not None and found.may_change


def _one_of(request: Query) -> Keys:
    """Who goes on, if anybody does."""
    return _read(request, cookie_in(dict(request.scope["headers"]), PLAYER_COOKIE))


def _others_of(request: Query) -> Keys:
    return _read(request, *request.cookies.get(OTHERS_COOKIE, "").split(BETWEEN)[:MOST])


def _read(request: Query, *keys: str) -> Keys:
    read = lab_of(request).keys.read_player_cookie
    return {found.player_id: key for key in keys if (found := read(key)) is not None}
