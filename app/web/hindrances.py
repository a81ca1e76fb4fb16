"""What a browser may lack that a player's page needs: cookies, scripts, a window of its own. Each gets a way on."""

from __future__ import annotations

import math

from litestar import Request
from litestar.response import Response

from app.database import clock
from app.study.model.door import PREVIEWED
from app.web.auth import cookie_in, own_cookie, told_address
from app.web.lab import Query
from app.web.live.line import LinePlace
from app.web.live.lobby_place import LobbyPlace
from app.web.live.places import Place, RoomPlace
from app.web.responses import POLICY, page, texts_for

PLAIN_COOKIE = "networklab_plain"
DOOR = "/s/"
DOORS = ("/join/", DOOR)  # addresses that set a player's cookie and lead on to /play
FRAMES = {"frame", "iframe", "embed", "object"}
SOON = 5  # seconds


async def framed(request: Query) -> Response[str] | None:
    """For a page in a frame of somebody else's page: a link out of it. None where it is in no frame.

    No cookie of ours comes along into the frame of another site, and nothing that acts may be shown there.
    """
    if request.headers.get("sec-fetch-dest") not in FRAMES or request.url.path.startswith("/admin"):
        return None
    if request.url.path.startswith(DOOR) and PREVIEWED in request.url.query:
        return None  # MTurk may show it (door_pages.py): nothing can be done there yet
    answer = page("player/framed.html", dict(to=str(request.url)), texts=texts_for(request))
    policy = POLICY.replace("frame-ancestors 'none'", "frame-ancestors *")
    answer.headers["Content-Security-Policy"] = policy
    return answer


def door_without_cookie(request: Request) -> str | None:  # type: ignore[type-arg]
    """The door that somebody has just come through, if the cookie that they got there has not come back."""
    door = told_address(request.headers.get("referer", ""))
    at_door = door.path.startswith(DOORS) and door.netloc == request.headers.get("host")
    if not at_door or request.url.path != "/play":
        return None
    return f"{door.path}?{door.query}" if door.query else door.path


def is_plain(request: Query, wish: bool | None) -> bool:
    """Whether the page does without scripts, because somebody has asked for that: now (`wish`) or before."""
    return wish if wish is not None else bool(cookie_in(dict(request.scope["headers"]), PLAIN_COOKIE))


def plain_headers(request: Query, wish: bool) -> dict[str, str]:
    """The headers that remember it for a day, or forget it."""
    return own_cookie(request, PLAIN_COOKIE, "1", 86_400 if wish else 0)


def reloads_after(place: Place) -> int | None:
    """Seconds after which a page without scripts loads itself again; None: not before somebody wants it to.

    While there is something to fill in, only the end of the step may take away what was typed.
    """
    if isinstance(place, (LinePlace, LobbyPlace)) or (isinstance(place, RoomPlace) and place.waits):
        return SOON
    if isinstance(place, RoomPlace) and place.is_solo and place.saved:
        return SOON  # it has been answered, and the next page comes by itself
    if not isinstance(place, RoomPlace) or place.room.session_status == "paused":
        return None
    if not place.is_timed:
        return None
    return max(1, math.ceil((place.room.deadline - clock.now()).total_seconds())) + 1
